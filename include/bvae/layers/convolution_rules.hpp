/// What Conv2d and ConvTranspose2d share.
#pragma once

#include <algorithm>

#include "bvae/core/concepts.hpp"
#include "bvae/core/convolutions.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/kernels/activations.hpp"

namespace bvae::detail {

template <class In>
struct ConvolutionTakesImage {
  static_assert(kIsImage<In>, "Conv2d, ConvTranspose2d: the input must be an Image; put Unflatten before it");
};

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
