/// The one place where matrices are multiplied: the three products of a layer with weights in panels (see
/// TensorInfo::weight_in_panels), the bias among them. Batches are column-major, one column = one sample.
///
/// Every element of a result is one chain of multiply-adds: over the inputs from the bias on, over the outputs, over
/// the samples. So its bits depend on nothing but the numbers: not on the other samples, on threads, on blocks or on
/// the instruction set (see kernels/products.hpp).
#pragma once

#include <algorithm>
#include <limits>

#include "bvae/core/arena.hpp"
#include "bvae/core/types.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/products.hpp"

namespace bvae::products {

using kernels::Activation;

namespace detail {

inline constexpr Index kPanel = TensorInfo::kPanelRows;
inline constexpr Index kGroup = 3 * kPanel;   ///< outputs or samples whose deltas are packed together, at most
inline constexpr Index kGradientPiece = 128;  ///< samples of a gradient likewise; the sums go on from piece to piece

/// How many of the rows that are left are taken together: a group, but two pairs of panels rather than three and a
/// single one, which takes nearly as long as a pair with AVX-512.
constexpr Index next_group(Index left) {
  return left > kGroup && left <= kGroup + kPanel ? 2 * kPanel : std::min(kGroup, left);
}

/// Packing memory of this thread; grows to its final size in the first product of each size, so warm steps allocate
/// nothing. A thread may meet its first gradient late, because threads share these as they come: so there is always
/// room for one.
template <class Scalar>
Scalar* scratch(Index values) {
  thread_local Arena<Scalar> memory;
  if (static_cast<Index>(memory.size()) < values)
    memory.resize(static_cast<std::size_t>(std::max(values, kGroup * kGradientPiece)));
  return memory.data();
}

/// Activations that are done in registers; others follow a product while its result is in the cache.
template <Activation A>
inline constexpr bool kRectifies = A == Activation::kIdentity || A == Activation::kReLU || A == Activation::kLeakyReLU;
template <Activation A, class Scalar>
constexpr Scalar slope_of(Scalar parameter) {
  return A == Activation::kReLU ? Scalar(0) : A == Activation::kLeakyReLU ? parameter : Scalar(1);
}

}  // namespace detail

/// Makes room for the products of this thread (a network's kGradientScratch values at least): one whose first work
/// comes late must not allocate then.
template <class Scalar>
void reserve(Index values) {
  detail::scratch<Scalar>(std::max<Index>(values, 1));
}

/// y = activation(W x + b): `w` outputs x inputs in panels, `x` inputs x samples, `y` outputs x samples.
template <Activation A = Activation::kIdentity, class Scalar>
void weights_times_inputs(Index outputs, Index inputs, Index samples, const Scalar* w, const Scalar* x, Scalar* y,
                          Scalar parameter = {}) {
  constexpr Index kMost = detail::kRectifies<A> ? std::numeric_limits<Index>::max() : 48;
  for (Index first = 0; first < samples; first += std::min(kMost, samples)) {
    const Index group = std::min(kMost, samples - first);
    Scalar* const to = y + first * outputs;
    kernels::panels_times_columns<Scalar>(outputs, group, inputs, w, TensorInfo::panel_of(inputs),
                                          {x + first * inputs, inputs, 0, inputs}, w + detail::kPanel * inputs, to,
                                          outputs, detail::slope_of<A>(parameter));
    if constexpr (!detail::kRectifies<A>) kernels::activate<A>(group * outputs, to, to, parameter);
  }
}

/// dx = W^T dy, the gradient with respect to the inputs; with an activation that gave x, the gradient with respect to
/// the activation's input: W^T dy times its derivative. Lanes are samples here, so a rectifier's derivative, which lies
/// in columns of x, comes when the sums are transposed.
template <Activation A = Activation::kIdentity, class Scalar>
void weights_times_deltas(Index outputs, Index inputs, Index samples, const Scalar* w, const Scalar* dy, Scalar* dx,
                          const Scalar* x = nullptr, Scalar parameter = {}) {
  using detail::kPanel;
  constexpr Index kBlock = 48;  // inputs whose results are transposed while they are in the first-level cache
  // A group of samples' deltas is packed together, each panel with zeros at its end, from which sums start.
  const Index panel = kPanel * (outputs + 1);
  const Index panels = (std::min(detail::kGroup, samples) + kPanel - 1) / kPanel;
  Scalar* const packed = detail::scratch<Scalar>(panels * (panel + kPanel * kBlock));
  Scalar* const product = packed + panels * panel;
  for (Index p = 0; p < panels; ++p) std::fill_n(packed + (p + 1) * panel - kPanel, kPanel, Scalar(0));
  constexpr bool kReadsOutput = detail::kRectifies<A> && A != Activation::kIdentity;
  for (Index first = 0, group = 0; first < samples; first += group) {
    group = detail::next_group(samples - first);
    Index rows = 0;
    for (; rows < group; rows += kPanel) {
      Scalar* const to = packed + rows / kPanel * panel;
      const Index count = std::min(kPanel, group - rows);
      if (count < kPanel) std::fill_n(to, kPanel * outputs, Scalar(0));
      kernels::transpose(outputs, count, dy + (first + rows) * outputs, outputs, to, kPanel);
    }
    for (Index input = 0; input < inputs; input += kBlock) {
      const Index count = std::min(kBlock, inputs - input);
      const Index at = first * inputs + input;
      kernels::panels_times_columns<Scalar>(rows, count, outputs, packed, panel,
                                            {w + kPanel * input, kPanel, TensorInfo::panel_of(inputs), kPanel},
                                            packed + kPanel * outputs, product, rows);
      kernels::transpose(group, count, product, rows, dx + at, inputs, kReadsOutput ? x + at : nullptr,
                         detail::slope_of<A>(parameter));
    }
    if constexpr (!detail::kRectifies<A>) {
      const Index at = first * inputs;
      kernels::activate_backward<A>(group * inputs, x + at, x + at, dx + at, dx + at, parameter);
    }
  }
}

/// dW = dy x^T and db = sum of dy over the samples, for the outputs [first, first + count), of which `first` is a
/// multiple of 16: writes their panels, which have the layout of those in `w`, to `to`. `upcoming`: arrays of the same
/// layout that are used next.
template <class Scalar>
void inputs_times_deltas(Index outputs, Index inputs, Index samples, const Scalar* x, const Scalar* dy, Index first,
                         Index count, Scalar* to, kernels::Upcoming<Scalar> upcoming = {}) {
  using detail::kPanel;
  constexpr Index kPiece = detail::kGradientPiece;
  const Index panel = TensorInfo::panel_of(inputs);
  Scalar* const packed = detail::scratch<Scalar>(detail::kGroup * std::min(kPiece, samples));
  for (Index row = first, rows = 0; row < first + count; row += rows, to += (rows + kPanel - 1) / kPanel * panel) {
    rows = detail::next_group(first + count - row);
    for (Index begin = 0; begin < samples; begin += kPiece) {
      const Index piece = std::min(kPiece, samples - begin);
      for (Index r = 0; r < rows; r += kPanel)
        kernels::copy_to_panel(std::min(kPanel, rows - r), piece, dy + begin * outputs + row + r, outputs,
                               packed + r * piece, to + r / kPanel * panel + kPanel * inputs, begin > 0);
      kernels::panels_times_rows<Scalar>((rows + kPanel - 1) / kPanel, inputs, piece, packed, kPanel * piece,
                                         {x + begin * inputs, inputs}, to, panel, begin > 0,
                                         begin + piece == samples ? upcoming : kernels::Upcoming<Scalar>{});
    }
    for (const Scalar*& array : upcoming.arrays) array += array == nullptr ? 0 : (rows + kPanel - 1) / kPanel * panel;
    for (Index r = 0; r < rows; r += kPanel)  // what no weight owns
      std::fill(to + r / kPanel * panel + kPanel * (inputs + 1), to + (r / kPanel + 1) * panel, Scalar(0));
  }
}

}  // namespace bvae::products
