#include <bvae/bvae.hpp>
#include <iostream>

using Model = bvae::Vae<bvae::Image<1, 28, 28>,  // what goes in, and comes out
                        bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>,
                        bvae::Latent<20>,  // its linear head to (mu, log_variance) is its own
                        bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784>>>;

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const bvae::Dataset train = bvae::idx::load(arguments[1]);  // train-images-idx3-ubyte
  Model model{bvae::Seed{42}};
  bvae::Trainer trainer{model, bvae::Bernoulli{},                           // reconstruction, on logits
                        bvae::Kl{.free_bits = 0.1},                         // what beta multiplies
                        bvae::WarmUp{.to = 4.0, .over = bvae::Epochs{10}},  // beta(t)
                        bvae::Adam{.learning_rate = 1e-3}};
  const bvae::History history =
      trainer.fit(train, {.epochs = 20, .batch_size = 128, .seed = bvae::Seed{42}}, bvae::ProgressBar{});
  std::cout << "KL: " << history.epochs.back().train.kl << " nats\n";

  const Eigen::MatrixXf digits = train.columns<float>(0, 10);  // one column = one image
  const Eigen::MatrixXf codes = model.encode(digits).mu;
  const Eigen::MatrixXf images = model.sample(10, bvae::Bernoulli{});
  bvae::save(model, "mnist.safetensors");  // PyTorch's load_state_dict takes it
}
