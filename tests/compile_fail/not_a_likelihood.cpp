// expect: must model bvae::Likelihood
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<6>>>;

int main() {
  Model model{};
  bvae::Trainer trainer{model, bvae::ReLU{}, bvae::Kl{}, bvae::Constant{}, bvae::Adam{}};
  (void)trainer;
}
