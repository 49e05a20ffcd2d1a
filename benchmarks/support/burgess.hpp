// The convolutional model of Burgess et al. 2018, "Understanding disentangling in beta-VAE", on 64x64 images.
#pragma once

#include <array>
#include <bvae/bvae.hpp>

namespace bvae_benchmark {

struct Burgess {
  template <bvae::Index Channels>
  using Down = bvae::Conv2d<Channels, 4, 2, 1>;
  template <bvae::Index Channels>
  using Up = bvae::ConvTranspose2d<Channels, 4, 2, 1>;
  using ReLU = bvae::ReLU;
  using Wide = bvae::Linear<256>;

  using Vae =
      bvae::Vae<bvae::Image<1, 64, 64>,
                bvae::Encoder<Down<32>, ReLU, Down<32>, ReLU, Down<32>, ReLU, Down<32>, ReLU, bvae::Flatten, Wide, ReLU,
                              Wide, ReLU>,
                bvae::Latent<10>,
                bvae::Decoder<Wide, ReLU, Wide, ReLU, bvae::Linear<32 * 4 * 4>, ReLU,
                              bvae::Unflatten<bvae::Image<32, 4, 4>>, Up<32>, ReLU, Up<32>, ReLU, Up<32>, ReLU, Up<1>>>;
  static constexpr std::array<double, 8> kConvolutionSides{32, 16, 8, 4, 4, 8, 16, 32};
};

}  // namespace bvae_benchmark
