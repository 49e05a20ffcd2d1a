// expect: Likelihood: its images must have the shape of the model's input
#include <bvae/bvae.hpp>

using Model =
    bvae::Vae<bvae::Image<3, 12, 12>, bvae::Encoder<bvae::Flatten>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<432>>>;
using Net = bvae::TrainedNetwork<bvae::Network<bvae::Image<1, 12, 12>, bvae::Conv2d<4, 3>, bvae::ReLU>>;

int main() {
  const Model model{};
  return model.decode(bvae::Matrix<float>::Zero(2, 1), bvae::Perceptual<bvae::Bernoulli, Net, 1>{Net{}}).rows() == 0;
}
