#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ratio>
#include <span>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/dropout.hpp"

namespace bvae {

/// Dropout (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014), inverted as PyTorch's nn.Dropout. In
/// training each value is 0 with probability p, otherwise it is divided by 1 - p; in evaluation it stays:
///
///   y = x m / (1 - p),   dx = dy m / (1 - p),   m = 1 where u >= p, u uniform in [0, 1).
///
/// u depends on the run's seed, the step, the layer, the sample's place in the batch and the element only, not on
/// threads; backward draws it again, so no mask is kept. Where nobody gives random numbers (Network::forward with a
/// Pass without LayerRandom), it does nothing in training either.
///
/// \tparam Probability p as a std::ratio, in [0, 1); `Dropout<Percent>` is the short form, 50 by default as in PyTorch
template <class Probability>
struct BasicDropout {
  static_assert(Probability::num >= 0 && Probability::num < Probability::den,
                "Dropout: the probability must be in [0, 1)");

  template <Shape In>
  struct Bind {
    using Output = In;
    static constexpr Index kScratch = 0;
    static constexpr bool kKeepsOrder = true;

    template <class Scalar>
    static void forward(const Pass& pass, Tensors<const Scalar>, Tensors<Scalar>, Scalar*, ConstView<Scalar> x,
                        View<Scalar> y) {
      drop(pass, x, y);
    }

    template <class Scalar>
    static void backward(const Pass& pass, Tensors<const Scalar>, Scalar*, ConstView<Scalar>, ConstView<Scalar>,
                         ConstView<Scalar> dy, View<Scalar> dx) {
      if (dx.data() != nullptr) drop(pass, dy, dx);
    }

   private:
    template <class Scalar>
    static void drop(const Pass& pass, ConstView<Scalar> from, View<Scalar> to) {
      const Shard own = pass.own_samples();
      const std::optional<RandomStream> random = pass.random();
      for (Index s = own.first; s < own.first + own.count; ++s) {
        const Scalar* x = from.data() + s * In::kSize;
        Scalar* y = to.data() + s * In::kSize;
        if (random) {
          random->uniform(static_cast<std::uint32_t>(s), std::span<Scalar>(y, static_cast<std::size_t>(In::kSize)));
          kernels::drop(In::kSize, x, kThreshold<Scalar>, kScale<Scalar>, y);
        } else {
          std::copy_n(x, In::kSize, y);
        }
      }
    }

    /// p, rounded up to the grid of 2^-24 that u lies on: the same choice for float and double.
    template <class Scalar>
    static constexpr Scalar kThreshold =
        static_cast<Scalar>(((std::int64_t{Probability::num} << 24) + Probability::den - 1) / Probability::den) *
        Scalar(0x1p-24);
    template <class Scalar>
    static constexpr Scalar kScale =
        static_cast<Scalar>(Probability::den) / static_cast<Scalar>(Probability::den - Probability::num);
  };
};

template <int Percent = 50>
using Dropout = BasicDropout<std::ratio<Percent, 100>>;

}  // namespace bvae
