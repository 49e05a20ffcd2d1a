/// What is known of a chain of layers before it runs: which layers are computed along with others, and where each one's
/// values lie.
#pragma once

#include <cstdint>
#include <type_traits>

#include "bvae/core/concepts.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/file_order.hpp"

namespace bvae::detail {

template <Shape In, class... Layers>
struct NetworkLayout {
  using Bounds = typename Chain<In, Layers...>::Bounds;
  static constexpr int kLayers = static_cast<int>(sizeof...(Layers));
  template <int I>
  using Bound = BoundOf<Bounds, I>;

  /// Of layer I; that before the first and that after the last take nothing along.
  template <int I>
  struct Place {
    /// It computes layer I + 1 (an activation) along in forward.
    static constexpr bool kTakesNext = [] {
      if constexpr (I >= 0 && I + 1 < kLayers) {
        return kFusesActivations<Bound<I>> && is_fusible_activation<Bound<I + 1>>();
      } else {
        return false;
      }
    }();
    /// It computes layer I - 1 (an activation) along in backward.
    static constexpr bool kTakesPrevious = [] {
      if constexpr (I >= 1 && I < kLayers) {
        return kFusesActivations<Bound<I>> && is_fusible_activation<Bound<I - 1>>();
      } else {
        return false;
      }
    }();
    static constexpr Index kInputSize = [] {
      if constexpr (I == 0) {
        return In::kSize;
      } else {
        return Bound<I - 1>::Output::kSize;
      }
    }();
    /// Its number, from the network's first on.
    static constexpr std::uint64_t kNumber = [] {
      if constexpr (I == 0) {
        return std::uint64_t{0};
      } else {
        return Place<I - 1>::kNumber + static_cast<std::uint64_t>(kLayerNumbers<Bound<I - 1>>);
      }
    }();
    /// Where its parameters and its state begin.
    static constexpr Index kOffset = [] {
      if constexpr (I == 0) {
        return Index{0};
      } else {
        return Place<I - 1>::kOffset + kParameterOffsets<Bound<I - 1>>.back();
      }
    }();
    static constexpr Index kStateOffset = [] {
      if constexpr (I == 0) {
        return Index{0};
      } else {
        return Place<I - 1>::kStateOffset + kStateOffsets<Bound<I - 1>>.back();
      }
    }();
  };
};

/// The own samples of a member: together if the layer can take any number, otherwise shard by shard.
template <class B, class Function>
void for_own_samples(const Pass& pass, Function&& function) {
  if constexpr (requires { requires B::kAnyGrouping; }) {
    if (const Shard own = pass.own_samples(); own.count > 0) function(own);
  } else {
    pass.for_own_shards(function);
  }
}

/// The columns of a batch that a shard has.
template <Index Rows, class Scalar>
ConstView<Scalar> columns(const Scalar* batch, Shard s) {
  return {batch + s.first * Rows, Rows, s.count};
}
template <Index Rows, class Scalar>
View<Scalar> mutable_columns(Scalar* batch, Shard s) {
  return {batch + s.first * Rows, Rows, s.count};
}

}  // namespace bvae::detail
