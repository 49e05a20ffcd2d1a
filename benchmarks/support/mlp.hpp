// The MLP 784-400-20 on 28x28 images.
#pragma once

#include <array>
#include <bvae/bvae.hpp>

namespace bvae_benchmark {

struct Mlp {
  using Vae = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>,
                        bvae::Latent<20>, bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784>>>;
  static constexpr std::array<double, 0> kConvolutionSides{};
};

}  // namespace bvae_benchmark
