// expect: Likelihood: its images must have the shape of the model's input
#include <bvae/bvae.hpp>

using Model =
    bvae::Vae<bvae::Image<3, 12, 16>, bvae::Encoder<bvae::Flatten>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<576>>>;

int main() {
  const Model model{};
  return model.decode(bvae::Matrix<float>::Zero(2, 1), bvae::Ssim<bvae::Image<3, 16, 12>>{}).rows() == 576 ? 0 : 1;
}
