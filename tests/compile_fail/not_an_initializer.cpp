// expect: Linear, Conv2d, ConvTranspose2d: the last argument must model bvae::Initializer
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<bvae::Linear<4, bvae::ReLU>>, bvae::Latent<2>,
                        bvae::Decoder<bvae::Linear<6>>>;

int main() {
  Model model{};
  (void)model;
}
