// expect: Vae: an image that the decoder returns must have the input's height and width
#include <bvae/bvae.hpp>

struct AsImage {
  template <bvae::Shape In>
  struct Bind {
    static constexpr bool kIdentity = true;
    using Output = bvae::Image<8, 2, 2>;
  };
};
using Model = bvae::Vae<bvae::Image<1, 4, 4>, bvae::Encoder<bvae::Flatten>, bvae::Latent<2>,
                        bvae::Decoder<bvae::Linear<32>, AsImage>>;

int main() {
  const Model model{};
  return model.decode(bvae::Matrix<float>::Zero(2, 1), bvae::GaussianPerPixel{}).rows() == 16 ? 0 : 1;
}
