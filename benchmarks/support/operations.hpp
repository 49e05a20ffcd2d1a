// How many operations a training step needs.
#pragma once

#include <bvae/bvae.hpp>
#include <cstddef>

namespace bvae_benchmark {

/// Operations of a sample in the products of a training step; a multiply-add counts two. Each weight is used in the
/// forward pass, for its own gradient, and for the gradient of its input, which the first layer does not need.
struct Operations {
  /// As PyTorch's FlopCounterMode counts: in a convolution each pixel of the smaller image meets the whole kernel.
  double all = 0;
  /// Those of them that a tap in the zeros of the padding has: nobody needs them.
  double padding = 0;
};

/// A Model has the type `Vae`, and in `kConvolutionSides` for each convolution, in order, the side of the smaller of
/// its two images: square ones, joined by kernels 4x4 of stride 2 and padding 1.
template <class Model>
Operations operations_per_sample() {
  double all = 0;
  double inside = 0;
  bool first = true;
  std::size_t convolution = 0;
  for (const bvae::NamedTensor& tensor : Model::Vae::parameter_tensors()) {
    if (tensor.info.rank < 2) continue;
    double uses = 1;
    double uses_inside = 1;
    if (tensor.info.rank == 4) {
      const double side = Model::kConvolutionSides[convolution++];
      uses = side * side;
      // Along an axis the first pixel and the last one have one of four taps outside.
      uses_inside = (side - 0.5) * (side - 0.5);
    }
    const double products = (first ? 2 : 3) * static_cast<double>(tensor.info.size());
    all += 2 * products * uses;
    inside += 2 * products * uses_inside;
    first = false;
  }
  return {all, all - inside};
}

}  // namespace bvae_benchmark
