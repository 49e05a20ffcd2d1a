// expect: Vae: write Vae<Shape, Encoder<\.\.\.>, Latent<\.\.\.>, Decoder<\.\.\.>
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Decoder<bvae::Linear<6>>, bvae::Latent<2>>;

int main() {
  Model model{};
  (void)model;
}
