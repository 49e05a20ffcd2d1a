/// What flows through a network.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/layers/chain.hpp"

namespace bvae::detail {

/// Activations and their gradients, made once for the largest batch. `value(0)` is the input and `delta(0)` its
/// gradient, both owned by the caller; without a delta(0) that gradient is never computed. Where a layer takes an
/// activation along, two values or two deltas are the same array.
template <class Layout, class Scalar>
class Activations {
  static constexpr int kLayers = Layout::kLayers;
  template <int I>
  using Bound = typename Layout::template Bound<I>;

 public:
  Activations() = default;
  [[gnu::cold]] Activations(Index capacity, Scalar* input, Scalar* input_delta, bool with_deltas = true) {
    Index total = 0;
    Index scratch = 0;
    const Index shards = Pass(Mode::kTraining, Member{}, capacity).shard_count();
    for_each_layer<kLayers>([&]<int I>() {
      const Index size = padded(Bound<I>::Output::kSize * capacity);
      if constexpr (has_own_value<I>()) total += size;
      if constexpr (has_own_delta<I>()) total += with_deltas ? size : 0;
      if constexpr (BatchLayer<Bound<I>, Scalar>) scratch += scratch_size<Bound<I>>(shards);
    });
    memory_.resize(static_cast<std::size_t>(total + scratch));
    Scalar* next = memory_.data();
    values_[0] = input;
    deltas_[0] = input_delta;
    for_each_layer<kLayers>([&]<int I>() {
      constexpr auto i = static_cast<std::size_t>(I);
      const Index size = padded(Bound<I>::Output::kSize * capacity);
      values_[i + 1] = has_own_value<I>() ? std::exchange(next, next + size) : values_[i];
      deltas_[i + 1] = has_own_delta<I>() ? (with_deltas ? std::exchange(next, next + size) : nullptr) : deltas_[i];
      if constexpr (BatchLayer<Bound<I>, Scalar>)
        scratch_[i] = std::exchange(next, next + scratch_size<Bound<I>>(shards)) + shared_scratch<Bound<I>>();
      if constexpr (CompositeLayer<Bound<I>, Scalar>)
        std::get<i>(inner_) = InnerMemory<I>(capacity, values_[i], with_deltas ? deltas_[i] : nullptr, with_deltas);
    });
  }
  Activations(Activations&&) = default;
  Activations& operator=(Activations&&) = default;

  /// Input of layer i, output of layer i - 1.
  [[nodiscard]] Scalar* value(int i) const { return values_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Scalar* delta(int i) const { return deltas_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Scalar* scratch(int i) const { return scratch_[static_cast<std::size_t>(i)]; }
  /// What layer i keeps, if it is a CompositeLayer.
  template <int I>
  [[nodiscard]] const auto& inner() const {
    return std::get<static_cast<std::size_t>(I)>(inner_);
  }
  [[nodiscard]] Scalar* output() const { return value(kLayers); }
  [[nodiscard]] Scalar* output_delta() const { return delta(kLayers); }

 private:
  template <int I>
  static constexpr bool has_own_value() {
    return !kIsIdentity<Bound<I>> && !Layout::template Place<I - 1>::kTakesNext;
  }
  template <int I>
  static constexpr bool has_own_delta() {
    return !kIsIdentity<Bound<I>> && !Layout::template Place<I + 1>::kTakesPrevious;
  }
  template <class B>
  static constexpr Index scratch_size(Index shards) {
    return padded(shared_scratch<B>() + B::kScratch * shards);
  }
  static constexpr Index padded(Index values) {
    return (values + kTensorPadding - 1) / kTensorPadding * kTensorPadding;
  }

  template <int I>
  using InnerMemory = typename MemoryOf<Bound<I>, Scalar>::type;
  template <class Layers_>
  struct Inner;
  template <int... I>
  struct Inner<std::integer_sequence<int, I...>> {
    using type = std::tuple<InnerMemory<I>...>;
  };

  Arena<Scalar> memory_;
  std::array<Scalar*, static_cast<std::size_t>(kLayers) + 1> values_{};
  std::array<Scalar*, static_cast<std::size_t>(kLayers) + 1> deltas_{};
  std::array<Scalar*, static_cast<std::size_t>(kLayers) + 1> scratch_{};
  typename Inner<std::make_integer_sequence<int, kLayers>>::type inner_;
};

}  // namespace bvae::detail
