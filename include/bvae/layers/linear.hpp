#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/reductions.hpp"

namespace bvae {

namespace detail {
template <class In>
struct LinearTakesFeatures {
  static_assert(!kIsImage<In>, "Linear: the input must be features; put Flatten before it");
};
}  // namespace detail

/// y = W x + b with `Outputs` outputs. Tensors as PyTorch's nn.Linear: `weight` [out, in], `bias` [out].
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
        TensorInfo{"weight", 2, {Outputs, kInputs}, {AxisOrder{}, kAxisOrder<In>}}, TensorInfo{"bias", 1, {Outputs}}};
    static constexpr Index kGradientRows = Outputs;
    static constexpr bool kAnyGrouping =
        true;  // products sum each column alone; fewer calls pack the weights less often

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      const std::span<Scalar> weight(p[0], static_cast<std::size_t>(Outputs * kInputs));
      const std::span<Scalar> bias(p[1], static_cast<std::size_t>(Outputs));
      if constexpr (std::is_void_v<Init>) {
        const Scalar bound = static_cast<Scalar>(1.0 / std::sqrt(static_cast<double>(kInputs)));
        random.uniform(0, weight);
        random.uniform(1, bias);
        for (Scalar& w : weight) w = (Scalar(2) * w - Scalar(1)) * bound;
        for (Scalar& b : bias) b = (Scalar(2) * b - Scalar(1)) * bound;
      } else {
        static_assert(Initializer<Init>, "Linear: the second argument must model bvae::Initializer");
        Init::fill(weight, kInputs, Outputs, random, 0u);
        for (Scalar& b : bias) b = Scalar(0);
      }
    }

    template <class Scalar>
    static void forward(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y) {
      products::weights_times_inputs(Outputs, kInputs, x.cols(), p[0], p[1], x.data(), y.data());
    }

    template <class Scalar>
    static void backward(Tensors<const Scalar> p, ConstView<Scalar>, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      products::weights_times_deltas(Outputs, kInputs, dy.cols(), p[0], dy.data(), dx.data());
    }

    /// dW = dy x^T and db = sum of dy, for the outputs [first, first + count); returns the sum of their squares.
    template <class Scalar>
    static double gradient(ConstView<Scalar> x, ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      products::inputs_times_deltas(Outputs, kInputs, x.cols(), x.data(), dy.data(), first, count, g[0], g[1]);
      return sum_of_squares(g[0] + first * kInputs, count * kInputs) + sum_of_squares(g[1] + first, count);
    }
  };
};

}  // namespace bvae
