#include <bvae/bvae.hpp>
#include <span>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<6>>>;

struct Feedback {
  double memory[1] = {1};
  double operator()(const bvae::Progress&) const { return memory[0]; }
  void observe(const bvae::Progress&, const bvae::Observation& seen) { memory[0] = seen.kl; }
  std::span<const double> state() const { return memory; }
  void restore(std::span<const double> saved) { memory[0] = saved[0]; }
};

int main() {
  Model model{};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, Feedback{}, bvae::Adam{}};
  (void)trainer;
}
