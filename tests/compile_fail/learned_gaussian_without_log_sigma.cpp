// expect: DecoderFitsLikelihood<6(L|l)?, 7(L|l)?>
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<6>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<6>>>;

int main() {
  const Model model{};
  return model.decode(bvae::Matrix<float>::Zero(2, 1), bvae::LearnedGaussian{}).rows() == 6 ? 0 : 1;
}
