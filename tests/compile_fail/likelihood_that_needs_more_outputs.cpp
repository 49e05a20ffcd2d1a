// expect: Likelihood: the decoder must return the input's size times the likelihood's outputs per feature
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<12>>>;

int main() {
  Model model{};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{}, bvae::Adam{}};
  const bvae::Dataset data(bvae::Matrix<float>::Zero(6, 4));
  trainer.fit(data, {.batch_size = 2});
}
