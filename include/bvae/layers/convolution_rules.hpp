/// What Conv2d and ConvTranspose2d share.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <type_traits>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/convolutions.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/kernels/activations.hpp"

namespace bvae::detail {

template <class In>
struct ConvolutionTakesImage {
  static_assert(kIsImage<In>, "Conv2d, ConvTranspose2d: the input must be an Image; put Unflatten before it");
};

/// Weights and bias as `Init` says; void: PyTorch's default, both uniform in +-1/sqrt(fan_in).
template <class Init, class Scalar>
void initialize_convolution(const TensorInfo& weight, const TensorInfo& bias, Index fan_in, Index fan_out,
                            Tensors<Scalar> p, const RandomStream& random) {
  std::vector<Scalar> weights(static_cast<std::size_t>(weight.size()));
  std::vector<Scalar> biases(static_cast<std::size_t>(bias.size()));
  if constexpr (std::is_void_v<Init>) {
    const Scalar bound = static_cast<Scalar>(1.0 / std::sqrt(static_cast<double>(fan_in)));
    random.uniform(0, std::span<Scalar>(weights));
    random.uniform(1, std::span<Scalar>(biases));
    for (Scalar& w : weights) w = (Scalar(2) * w - Scalar(1)) * bound;  // 2 w is exact
    for (Scalar& b : biases) b = (Scalar(2) * b - Scalar(1)) * bound;
  } else {
    static_assert(Initializer<Init>, "Conv2d, ConvTranspose2d: the last argument must model bvae::Initializer");
    Init::fill(std::span<Scalar>(weights), fan_in, fan_out, random, 0u);
  }
  set_values<Scalar>(weight, p[0], weights);
  set_values<Scalar>(bias, p[1], biases);
}

/// Activations that a convolution does not do in registers, in place.
template <kernels::Activation A, class Scalar>
void activate_rest(View<Scalar> y, Scalar parameter) {
  if constexpr (!products::detail::kRectifies<A>) kernels::activate<A>(y.size(), y.data(), y.data(), parameter);
}
/// dx times the derivative of the activation that gave x.
template <kernels::Activation A, class Scalar>
void activate_backward_of(ConstView<Scalar> x, View<Scalar> dx, Scalar parameter) {
  if constexpr (A != kernels::Activation::kIdentity)
    kernels::activate_backward<A>(dx.size(), x.data(), x.data(), dx.data(), dx.data(), parameter);
}

/// What weights_gradient writes for a part; nothing for the part behind the last one, which is the bias.
constexpr PanelBlock block_of_part(const convolutions::Extents& e, Index part) {
  if (part == e.gradient_parts()) return {};
  if (!e.by_patches()) return {0, e.coarse_panels(), part * e.kernel * e.fine_channels, e.kernel * e.fine_channels};
  const Index first = part * convolutions::Extents::kPartPanels;
  return {first, std::min(convolutions::Extents::kPartPanels, e.coarse_panels() - first), 0, e.taps()};
}

/// The sum of squares of what weights_gradient wrote for a part.
template <class Scalar>
double squares_of_part(const convolutions::Extents& e, Index part, const Scalar* g) {
  const PanelBlock block = block_of_part(e, part);
  double squares = 0;
  for (Index p = block.first_panel; p < block.first_panel + block.panels; ++p)
    squares += sum_of_squares(g + p * TensorInfo::panel_of(e.taps()) + block.first_column * TensorInfo::kPanelRows,
                              block.columns * TensorInfo::kPanelRows);
  return squares;
}

}  // namespace bvae::detail
