// expect: Trainer: the third argument must be a divergence
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<6>>>;

int main() {
  Model model{};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, 1.0, bvae::Constant{}, bvae::Adam{}};
  (void)trainer;
}
