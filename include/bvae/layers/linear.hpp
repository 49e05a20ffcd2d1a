#pragma once

#include <array>

#include "bvae/core/concepts.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/layers/initialize_weights.hpp"

namespace bvae {

namespace detail {
template <class In>
struct LinearTakesFeatures {
  static_assert(!kIsImage<In>, "Linear: the input must be features; put Flatten before it");
};
}  // namespace detail

/// y = W x + b with `Outputs` outputs. Tensors as PyTorch's nn.Linear: `weight` [out, in], `bias` [out]; in memory they
/// lie together in panels of 16 outputs.
///
/// \tparam Init an Initializer for the weights (the bias then starts at 0), or void for PyTorch's default: weight and
/// bias uniform in
///              +-1/sqrt(inputs)
template <Index Outputs, class Init = void>
struct Linear {
  static_assert(Outputs > 0, "Linear: the number of outputs must be positive");

  template <Shape In>
  struct Bind : private detail::LinearTakesFeatures<In> {
    using Output = Features<Outputs>;
    static constexpr Index kInputs = In::kSize;
    static constexpr std::array<TensorInfo, 2> kParameters{
        TensorInfo::weight_in_panels("weight", Outputs, kInputs, {AxisOrder{}, kAxisOrder<In>}),
        TensorInfo::bias_in_panels("bias", Outputs, kInputs)};
    static constexpr Index kGradientRows = Outputs;
    static constexpr bool kAnyGrouping = true;       // products sum each column alone
    static constexpr bool kFusesActivations = true;  // forward and backward take an activation along
    static constexpr bool kGradientIsProduct = true;
    static constexpr bool kOutputsAreRows = true;

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      detail::initialize_weights<Init>(kParameters[0], kParameters[1], kInputs, Outputs, p, random);
    }

    /// y = activation(W x + b).
    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void forward(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y, Scalar parameter = {}) {
      products::weights_times_inputs<A>(Outputs, kInputs, x.cols(), p[0], x.data(), y.data(), parameter);
    }

    /// dx = W^T dy, times the derivative of an activation whose output was x.
    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void backward(Tensors<const Scalar> p, ConstView<Scalar> x, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx, Scalar parameter = {}) {
      products::weights_times_deltas<A>(Outputs, kInputs, dy.cols(), p[0], dy.data(), dx.data(), x.data(), parameter);
    }

    /// dW = dy x^T and db = sum of dy, for the outputs [first, first + count); returns the sum of their squares.
    template <class Scalar>
    static double gradient(ConstView<Scalar> x, ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      return gradient_to(x, dy, first, count, g[0] + gradient_range(first, count).first);
    }

    /// The same, but to memory of its own: gradient_range(first, count).count values. `upcoming`: arrays of as many
    /// values that are used next.
    template <class Scalar>
    static double gradient_to(ConstView<Scalar> x, ConstView<Scalar> dy, Index first, Index count, Scalar* to,
                              const kernels::Upcoming<Scalar>& upcoming = {}) {
      products::inputs_times_deltas(Outputs, kInputs, x.cols(), x.data(), dy.data(), first, count, to, upcoming);
      return sum_of_squares(to, gradient_range(first, count).count);
    }

    /// What `gradient` writes, from the layer's first value on.
    static constexpr GradientRange gradient_range(Index first, Index count) {
      constexpr Index kRows = TensorInfo::kPanelRows;
      constexpr Index kPanel = kParameters[0].panel;
      return {first / kRows * kPanel, (count + kRows - 1) / kRows * kPanel};
    }
  };
};

}  // namespace bvae
