/// What a network makes of its list of layers: their bound types, and the tensors and offsets of each.
#pragma once

#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "bvae/core/concepts.hpp"
#include "bvae/core/products.hpp"
#include "bvae/kernels/activations.hpp"

namespace bvae {

/// A tensor of a model: its full name ("encoder.1.weight"), what it is, and where it lies in the arena.
struct NamedTensor {
  std::string name;
  TensorInfo info;
  Index offset = 0;
};

/// A part of the gradient's work: rows [first, first + count) of one layer. Cut by the layer's size only.
struct GradientTask {
  int layer = 0;
  Index first = 0;
  Index count = 0;
};

namespace detail {

template <class L, class In>
struct IsLayer {
  static_assert(Bindable<L, In>,
                "Network: every layer must model bvae::Layer, a type with a nested template <Shape In> struct Bind "
                "(see pointwise.hpp)");
  static_assert(
      Layer<L, In>,
      "Network: the layer's Bind needs Output and forward / backward as bvae::SampleLayer or bvae::BatchLayer asks");
  static constexpr bool value = true;
};

template <Shape In, class... Layers>
struct Chain {
  using Bounds = std::tuple<>;
  using Output = In;
};
template <Shape In, class First, class... Rest>
struct Chain<In, First, Rest...> {
  static_assert(IsLayer<First, In>::value);
  using Bound = typename First::template Bind<In>;
  using Next = Chain<typename Bound::Output, Rest...>;
  using Bounds = decltype(std::tuple_cat(std::declval<std::tuple<Bound*>>(), std::declval<typename Next::Bounds>()));
  using Output = typename Next::Output;
};

template <class B>
inline constexpr bool kIsIdentity = requires { requires B::kIdentity; };
template <class B>
inline constexpr bool kHasParameters = requires { B::kParameters; };
template <class B>
inline constexpr bool kHasState = requires { B::kState; };

/// Layers made of products take an activation beside them along: see Network.
template <class B>
inline constexpr bool kFusesActivations = requires { requires B::kFusesActivations; };
/// The gradient is dy x^T over whole batches, so its norm is at most that of dy times that of x. Not so where an input
/// meets a weight more than once (a convolution): such layers must not say it.
template <class B>
inline constexpr bool kGradientIsProduct = requires { requires B::kGradientIsProduct; };
template <class B>
constexpr bool is_fusible_activation() {
  if constexpr (requires { B::kActivation; }) {
    return !kernels::kDerivativeNeedsInput<B::kActivation>;
  } else {
    return false;
  }
}

/// Rows of a task: what products take together; the weights' part of a usual layer fits a cache.
inline constexpr Index kUsualTaskRows = products::detail::kGroup;
/// Values of a thread's memory that a product of the layer's gradient may need beyond those of any Linear.
template <class B>
inline constexpr Index kGradientScratch = [] {
  if constexpr (requires { B::kGradientScratch; }) {
    return B::kGradientScratch;
  } else {
    return Index{0};
  }
}();
template <class B>
inline constexpr Index kTaskRows = [] {
  if constexpr (requires { B::kGradientTaskRows; }) {
    return B::kGradientTaskRows;
  } else {
    return kUsualTaskRows;
  }
}();
/// Rows of the gradient's work, and some more, so that the next layer's begin at a multiple of 16.
template <class B>
inline constexpr Index kPaddedRows = [] {
  constexpr Index kMultiple = TensorInfo::kPanelRows;
  if constexpr (kHasParameters<B>) {
    return (B::kGradientRows + kMultiple - 1) / kMultiple * kMultiple;
  } else {
    return Index{0};
  }
}();

/// Layers that a bound layer counts for: those inside of it, or itself.
template <class B>
inline constexpr int kLayerNumbers = [] {
  if constexpr (requires { B::kLayerNumbers; }) {
    return B::kLayerNumbers;
  } else {
    return 1;
  }
}();
template <class B, class Scalar>
struct MemoryOf {
  struct type {};  // no memory of its own
};
template <class B, class Scalar>
  requires CompositeLayer<B, Scalar>
struct MemoryOf<B, Scalar> {
  using type = typename B::template Memory<Scalar>;
};

template <class B>
constexpr Index least_samples() {
  if constexpr (requires { B::kLeastSamples; }) {
    return B::kLeastSamples;
  } else {
    return 1;
  }
}
template <class B>
constexpr Index shared_scratch() {
  if constexpr (requires { B::kSharedScratch; }) {
    return B::kSharedScratch;
  } else {
    return 0;
  }
}

template <class B>
constexpr auto parameters_of() {
  if constexpr (kHasParameters<B>) {
    return B::kParameters;
  } else {
    return std::array<TensorInfo, 0>{};
  }
}
template <class B>
constexpr auto state_of() {
  if constexpr (kHasState<B>) {
    return B::kState;
  } else {
    return std::array<TensorInfo, 0>{};
  }
}
template <class B>
inline constexpr auto kParameterTensors = parameters_of<B>();
template <class B>
inline constexpr auto kStateTensors = state_of<B>();
template <class B>
inline constexpr auto kParameterOffsets = tensor_offsets(kParameterTensors<B>);
template <class B>
inline constexpr auto kStateOffsets = tensor_offsets(kStateTensors<B>);

/// Calls function.operator()<0>() ... <Layers - 1>().
template <int Layers, class Function>
constexpr void for_each_layer(Function&& function) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (function.template operator()<I>(), ...);
  }(std::make_integer_sequence<int, Layers>{});
}
template <int Layers, class Function>
constexpr void for_each_layer_backward(Function&& function) {
  for_each_layer<Layers>([&]<int I>() { function.template operator()<Layers - 1 - I>(); });
}

}  // namespace detail

}  // namespace bvae
