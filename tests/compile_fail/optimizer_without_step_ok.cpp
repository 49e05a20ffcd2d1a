#include <bvae/bvae.hpp>

struct Still {
  static constexpr int kMoments = 0;
  static constexpr std::string_view kName = "still";
  double base_learning_rate() const { return 1; }
  template <class Scalar>
  void step(const bvae::OptimizerStep&, std::span<Scalar>, std::span<const Scalar>,
            const std::array<std::span<Scalar>, 0>&) const {}
};

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<6>>>;

int main() {
  Model model{};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{}, Still{}};
}
