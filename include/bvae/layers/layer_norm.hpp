#pragma once

#include <array>
#include <ratio>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/layers/normalized_runs.hpp"

namespace bvae {

namespace detail {
/// A tensor with one value for each of a sample's.
template <Shape In>
constexpr TensorInfo tensor_of_shape(std::string_view name) {
  if constexpr (kIsImage<In>) {
    return {name, 3, {In::kChannels, In::kHeight, In::kWidth}, {kAxisOrder<In>}};
  } else {
    return {name, 1, {In::kSize}, {kAxisOrder<In>}};
  }
}
}  // namespace detail

/// Layer normalisation (Ba, Kiros, Hinton 2016, equation 4), as PyTorch's nn.LayerNorm over all axes of a sample:
///
///     y = (x - mean) / sqrt(variance + epsilon) * weight + bias
///
/// with the mean and the (biased) variance of all features of the sample, in training and in evaluation. Sums are made
/// in double, in two passes.
///
/// Tensors: `weight` (starts at 1) and `bias` (0) of the sample's shape: [N] for Features<N>, [C, H, W] for an Image,
/// in memory channels-last.
///
/// \tparam Epsilon std::ratio
template <class Epsilon = std::ratio<1, 100000>>
struct BasicLayerNorm {
  static_assert(Epsilon::num > 0, "LayerNorm: epsilon must be positive");

  template <Shape In>
  struct Bind : detail::NormalizedRuns<In::kSize, 1, Epsilon> {
    static constexpr bool kKeepsOrder = true;
    using Output = In;
    static constexpr std::array<TensorInfo, 2> kParameters{detail::tensor_of_shape<In>("weight"),
                                                           detail::tensor_of_shape<In>("bias")};
  };
};

/// With PyTorch's default, epsilon 1e-5.
using LayerNorm = BasicLayerNorm<>;

}  // namespace bvae
