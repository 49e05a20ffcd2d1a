// The program that every consumer project builds, in each of the ways in which the library can be used.
#include <bvae/bvae.hpp>
#include <iostream>

int version_in_second();

int main() {
  using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<bvae::Linear<8>, bvae::Tanh>, bvae::Latent<2>,
                          bvae::Decoder<bvae::Linear<8>, bvae::Tanh, bvae::Linear<6>>>;
  if (version_in_second() != BVAE_VERSION_MINOR) return 1;
  const bvae::Dataset data(Eigen::MatrixXf(Eigen::MatrixXf::Identity(6, 6)));
  Model model{bvae::Seed{1}};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{0.1}, bvae::Adam{.learning_rate = 1e-2}};
  const bvae::History history = trainer.fit(data, {.epochs = 100, .batch_size = 3, .threads = 2});
  bvae::save(model, "consumer.safetensors");
  std::cout << "consumer: " << history.epochs.front().train.objective << " -> " << history.epochs.back().train.objective
            << '\n';
  return history.epochs.back().train.objective < history.epochs.front().train.objective ? 0 : 1;
}
