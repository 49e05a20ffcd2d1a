// The model that is measured: the MLP 784-400-20 on 28x28 images.
#pragma once

#include <bvae/bvae.hpp>

namespace bvae_benchmark {

using Mlp = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>,
                      bvae::Latent<20>, bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784>>>;

/// Operations of a training step's products; a multiply-add counts two. Each weight is used in the forward pass, for
/// its own gradient, and for the gradient of its input, which the first layer does not need.
template <class Model>
double flops_per_sample() {
  double weights = 0;
  double first = 0;
  for (const bvae::NamedTensor& tensor : Model::parameter_tensors()) {
    if (tensor.info.rank < 2) continue;
    weights += static_cast<double>(tensor.info.size());
    if (first == 0) first = static_cast<double>(tensor.info.size());
  }
  return 2 * (3 * weights - first);
}

}  // namespace bvae_benchmark
