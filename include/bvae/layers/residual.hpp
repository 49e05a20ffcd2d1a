#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "bvae/core/concepts.hpp"
#include "bvae/layers/inner_tensors.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {

/// The layers beside a Residual's body, see there.
template <class... Layers>
struct Shortcut {};

namespace detail {

/// Outputs that are added must have the same order. Features of an image keep the image's; those without an order take
/// it over, if their layer's rows can.
template <class Body, class Beside>
constexpr bool can_be_added() {
  using Y = typename Body::Output;
  using S = typename Beside::Output;
  if constexpr (std::is_same_v<Y, S>) {
    return true;
  } else if constexpr (kIsImage<Y> || kIsImage<S> || Y::kSize != S::kSize) {
    return false;
  } else if constexpr (!kAxisOrder<Y>.is_image()) {
    return Body::kHasFreeOrder || is_one_order(kAxisOrder<S>);
  } else if constexpr (!kAxisOrder<S>.is_image()) {
    return Beside::kHasFreeOrder || is_one_order(kAxisOrder<Y>);
  } else {
    return false;
  }
}
template <class Body, class Beside>
struct ResidualAdds {
  static_assert(can_be_added<Body, Beside>(),
                "Residual: the layers must return the shape of the input, or that of the Shortcut<...> if there is "
                "one");
};

template <class In, class Body, class Beside>
struct BoundResidual : private ResidualAdds<Body, Beside> {
  using Output = std::conditional_t<kAxisOrder<typename Beside::Output>.is_image(), typename Beside::Output,
                                    typename Body::Output>;
  static constexpr bool kIsProjected = Beside::kLayers > 0;
  static constexpr int kLayerNumbers = Body::kLayerNumbers + Beside::kLayerNumbers;
  static constexpr Index kLeastSamples = std::max(Body::kLeastSamples, Beside::kLeastSamples);
  static constexpr auto kParameters =
      concatenate(InnerTensors<Body, "body", Of::kParameters, kAxisOrder<Output>>::kTensors,
                  InnerTensors<Beside, "shortcut", Of::kParameters, kAxisOrder<Output>>::kTensors);
  static constexpr auto kState =
      concatenate(InnerTensors<Body, "body", Of::kState, kAxisOrder<Output>>::kTensors,
                  InnerTensors<Beside, "shortcut", Of::kState, kAxisOrder<Output>>::kTensors);
  static constexpr Index kGradientRows = Body::kGradientRows + Beside::kGradientRows;
  static constexpr Index kGradientScratch = std::max(Body::kGradientScratch, Beside::kGradientScratch);
  static constexpr Index kGradientTaskRows = std::min(Body::kGradientTaskRows, Beside::kGradientTaskRows);

  /// The body writes the gradient of its input where that of the layer's input is to be; a projection has a place of
  /// its own for its part.
  template <class Scalar>
  struct Memory {
    Memory() = default;
    Memory(Index capacity, Scalar* input, Scalar* input_delta, bool with_deltas)
        : body(capacity, input, input_delta, with_deltas),
          shortcut_delta(kIsProjected && input_delta != nullptr ? static_cast<std::size_t>(In::kSize * capacity) : 0),
          shortcut(capacity, input, input_delta != nullptr ? shortcut_delta.data() : nullptr, with_deltas) {}
    typename Body::template Activations<Scalar> body;
    Arena<Scalar> shortcut_delta;
    typename Beside::template Activations<Scalar> shortcut;
  };

  template <class Scalar>
  static void initialize(Scalar* parameters, Seed seed, std::uint64_t first_layer) {
    Body::initialize(parameters, seed, first_layer);
    Beside::initialize(parameters + Body::kParameters, seed, first_layer + kBodyLayers);
  }
  template <class Scalar>
  static void initialize_state(const Scalar* parameters, Scalar* state, Seed seed, std::uint64_t first_layer) {
    Body::initialize_state(parameters, state, seed, first_layer);
    Beside::initialize_state(parameters + Body::kParameters, state + Body::kState, seed, first_layer + kBodyLayers);
  }

  template <class Scalar>
  static void forward(const Pass& pass, const Scalar* parameters, Scalar* state, const Memory<Scalar>& memory,
                      ConstView<Scalar> x, View<Scalar> y) {
    Body::forward(pass, parameters, state, memory.body);
    const Scalar* beside = x.data();
    if constexpr (kIsProjected) {
      Beside::forward(pass.from_layer(kBodyLayers), parameters + Body::kParameters, state + Body::kState,
                      memory.shortcut);
      beside = memory.shortcut.output();
    }
    const Shard own = pass.own_samples();
    const Index first = own.first * Output::kSize;
    add(own.count * Output::kSize, beside + first, memory.body.output() + first, y.data() + first);
  }

  template <class Scalar>
  static void backward(const Pass& pass, const Scalar* parameters, const Memory<Scalar>& memory, ConstView<Scalar> dy,
                       View<Scalar> dx) {
    const Shard own = pass.own_samples();
    const auto take = [&](Scalar* delta) {
      const Index first = own.first * Output::kSize;
      if (delta != nullptr) std::copy_n(dy.data() + first, own.count * Output::kSize, delta + first);
    };
    take(memory.body.output_delta());
    Body::backward(pass, parameters, memory.body);
    const Scalar* beside = dy.data();
    if constexpr (kIsProjected) {
      take(memory.shortcut.output_delta());
      Beside::backward(pass.from_layer(kBodyLayers), parameters + Body::kParameters, memory.shortcut);
      beside = memory.shortcut_delta.data();
    }
    if (dx.data() == nullptr) return;
    const Index first = own.first * In::kSize;
    add(own.count * In::kSize, beside + first, static_cast<const Scalar*>(dx.data()) + first, dx.data() + first);
  }

  template <class Scalar>
  static double gradient(const Scalar* parameters, const Memory<Scalar>& memory, Index samples, Scalar* gradient,
                         Index first, Index count) {
    return Body::gradient_of_rows(first, count, samples, parameters, memory.body, gradient) +
           Beside::gradient_of_rows(first - Body::kGradientRows, count, samples, parameters + Body::kParameters,
                                    memory.shortcut, gradient + Body::kParameters);
  }

 private:
  static constexpr auto kBodyLayers = static_cast<std::uint64_t>(Body::kLayerNumbers);

  template <class Scalar>
  static void add(Index n, const Scalar* a, const Scalar* b, Scalar* sum) {
    View<Scalar>(sum, n, 1) = ConstView<Scalar>(a, n, 1) + ConstView<Scalar>(b, n, 1);
  }
};

}  // namespace detail

/// y = x + f(x) (He, Zhang, Ren, Sun: "Deep residual learning for image recognition", CVPR 2016, eq. 1), f the chain of
/// the layers, which may be any, whole batch layers and other Residuals included:
///
///     Residual<Linear<64>, ReLU, Linear<64>>
///
/// Where f returns another shape than its input, layers beside it bring x to that shape, y = g(x) + f(x) (eq. 2):
///
///     Residual<Shortcut<Linear<32>>, Linear<64>, ReLU, Linear<32>>
///
/// Tensors as those of a PyTorch module with nn.Sequential `body` and, with a Shortcut, nn.Sequential `shortcut`:
///
///     class Residual(nn.Module):
///         def __init__(self, body, shortcut=nn.Identity()):
///             super().__init__()
///             self.body, self.shortcut = body, shortcut
///         def forward(self, x):
///             return self.shortcut(x) + self.body(x)
///
/// The activations of the inner layers are made with those of the network around.
template <class... Layers>
struct Residual {
  static_assert(sizeof...(Layers) > 0, "Residual: it needs a layer");
  template <Shape In>
  using Bind = detail::BoundResidual<In, Network<In, Layers...>, Network<In>>;
};
template <class... Beside, class... Layers>
struct Residual<Shortcut<Beside...>, Layers...> {
  static_assert(sizeof...(Layers) > 0 && sizeof...(Beside) > 0, "Residual: body and Shortcut<...> need a layer each");
  template <Shape In>
  using Bind = detail::BoundResidual<In, Network<In, Layers...>, Network<In, Beside...>>;
};

}  // namespace bvae
