/// The contracts of the library: what a user's own layer, likelihood, ... must offer to work wherever ours work.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bvae/core/arena.hpp"
#include "bvae/core/batch.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/schedule_concepts.hpp"
#include "bvae/core/shape.hpp"
#include "bvae/core/types.hpp"

namespace bvae {

/// A layer is written without its input shape; `L::Bind<In>` is the layer for inputs of shape `In`. A bound layer holds
/// no data.
template <class L, class In>
concept Bindable = Shape<In> && requires { typename L::template Bind<In>; };

/// A bound layer has an output shape. Optional members:
///  - `kParameters`, `kState`: std::array<TensorInfo, N>; trainable tensors and the others (running statistics)
///  - `initialize(Tensors<Scalar>, const RandomStream&)` with `kParameters`
///  - `kGradientRows` and `gradient(x, dy, Tensors<Scalar>, first, count)` with `kParameters`: the parameters' gradient
///    over all samples, for rows [first, first + count) of the work, `first` a multiple of 16; rows are independent,
///    threads share them. Returns the sum of squares of what it wrote (for the gradient's norm)
///  - `kGradientTaskRows`: how many of these rows, a multiple of 16, are one task for a thread at most; else 48
///  - `kGradientScratch`: how many values of products' packing memory `gradient` needs, see products::reserve; else 0
///  - `kGradientIsProduct`, `gradient_range(first, count)` and `gradient_to(x, dy, first, count, to, upcoming)`: each
///    part of `gradient` is one range of the parameters, the ranges together are all of them, and the norm of the whole
///    is at most the product of the norms of x (with a one more for each sample) and dy, as for weights and biases of
///    products. gradient_to writes a part to other memory, and may fetch the `upcoming` arrays into the cache
///  - `kFusesActivations`: forward and backward have a kernels::Activation as first template argument, see Linear
///  - `kActivation` and `activation_parameter<Scalar>()`: the layer is that activation
///  - `kIdentity`: the output is the input, nothing is computed
///  - `kOutputsAreRows`: the rows of its tensors are its outputs, and nothing else depends on their order (Linear).
///  Files may then have them in another order: see file_order.hpp
///  - `kKeepsOrder`: the same for a layer whose output f belongs to input f (activations; with tensors: BatchNorm)
///  - `kAnyGrouping`: a sample's result has the same bits however many whole shards are in the call; the layer is then
///    called once for all shards of a thread instead of shard by shard
///  - `initialize_state(Tensors<Scalar> state, const RandomStream&)` with `kState`, or, where the state depends on the
///    layer's parameters, `initialize_state(Tensors<const Scalar> parameters, Tensors<Scalar> state, ...)`; without it
///    the state starts at 0
///  - `kLeastSamples`: no training batch may have fewer samples (default 1)
template <class B>
concept BoundLayer = Shape<typename B::Output>;

/// Works on each sample alone: called for shards, without synchronisation.
template <class B, class Scalar = float>
concept SampleLayer = BoundLayer<B> && requires(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y) {
  B::forward(p, x, y);         // y from x
  B::backward(p, x, x, x, y);  // (p, x, y, dy, dx): dx = the gradient with respect to x
};

/// Needs the whole batch (BatchNorm). Every thread of the team calls it once with the whole batch; it works on its own
/// shards (`pass.for_own_shards`) and synchronises with `pass.member().barrier()`:
///  - `scratch` holds `kScratch` values for each shard, `scratch + shard.index * kScratch`. Before a member reads what
///    others wrote there, it passes a barrier. Nothing else separates forward and backward: each has its own part.
///  - with `kSharedScratch`, that many values before `scratch` (from scratch - kSharedScratch on; a multiple of 16)
///    are there once for all shards
///  - in evaluation `state` is read only; in training one member writes each of its values, after a barrier. Whoever
///    trains puts the state back where a step fails
///  - `backward` is called even where nobody wants the gradient of the input; `dx.data()` is then null
///  - `backward` and `gradient` may follow a forward in evaluation too (the features of Perceptual); the mode of `pass`
///  is then that. They are the gradients of what that forward computed: what it took from `state` is a constant
///  - with `kParameters`: `gradient(p, scratch, x, y, dy, Tensors<Scalar>, first, count)`, otherwise as for other
///  layers
///  - `pass.random()` gives random numbers for this layer and step, if there are any (Dropout)
template <class B, class Scalar = float>
concept BatchLayer = BoundLayer<B> && requires(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar> state,
                                               Scalar* scratch, ConstView<Scalar> x, View<Scalar> y) {
  { B::kScratch } -> std::convertible_to<Index>;
  B::forward(pass, p, state, scratch, x, y);
  B::backward(pass, p, scratch, x, x, x, y);
};

/// Made of networks (Residual). Called as a BatchLayer is, but what it keeps from forward to backward and gradient is a
/// `Memory<Scalar>(capacity, input, input_delta, with_deltas)`, as Network::Activations, made once and movable:
///  - `kLayerNumbers`: how many layers are inside. They are numbered behind each other, which makes their random
///  numbers differ
///  - `initialize(Scalar* parameters, Seed, first_layer)` and `initialize_state(const Scalar* parameters, Scalar*
///  state, Seed, first_layer)`
///  - `kParameters` and `kState` have the tensors of all, see inner_tensors.hpp; with `kGradientRows` there is
///  `gradient(p, memory, samples, gradient, first, count)`
template <class B, class Scalar = float>
concept CompositeLayer =
    BoundLayer<B> && requires(const Pass& pass, const Scalar* p, Scalar* state,
                              const typename B::template Memory<Scalar>& memory, ConstView<Scalar> x, View<Scalar> y) {
      { B::kLayerNumbers } -> std::convertible_to<int>;
      B::forward(pass, p, state, memory, x, y);
      B::backward(pass, p, memory, x, y);  // (..., dy, dx)
    };

template <class L, class In>
concept Layer =
    Bindable<L, In> &&
    (SampleLayer<typename L::template Bind<In>> || BatchLayer<typename L::template Bind<In>> ||
     CompositeLayer<typename L::template Bind<In>> || requires { requires L::template Bind<In>::kIdentity; });

/// How weights start: fills a tensor of `fan_out` x `fan_in` weights.
template <class I>
concept Initializer = requires(std::span<float> weights, Index fan, const RandomStream& random) {
  I::fill(weights, fan, fan, random, std::uint32_t{});
};

/// The name of a likelihood, a divergence, ...: that of what a holder of any kind holds, otherwise the type's.
template <class T>
[[nodiscard]] constexpr std::string_view name_of(const T& thing) {
  if constexpr (requires { thing.name(); }) {
    return thing.name();
  } else {
    return T::kName;
  }
}

/// What the decoder must emit so that the likelihood's mean is `mean`: a member of the likelihood, or of the pixel term
/// beside which it stands (Perceptual, Ssim).
template <class L>
  requires requires(const L& likelihood) { likelihood.output_for_mean(0.5); }
[[nodiscard]] double output_for_mean(const L& likelihood, double mean) {
  return likelihood.output_for_mean(mean);
}
template <class L>
  requires requires(const L& likelihood) { likelihood.pixel.output_for_mean(0.5); }
[[nodiscard]] double output_for_mean(const L& likelihood, double mean) {
  return likelihood.pixel.output_for_mean(mean);
}

/// Whether a likelihood's value is -log p(x|z) of a distribution p, so that -(reconstruction + KL) is a bound, the
/// ELBO: what its `kIsDensity` says, or what a holder of any kind holds; true if it says nothing.
template <class L>
[[nodiscard]] constexpr bool is_density(const L& likelihood) {
  if constexpr (requires { likelihood.is_density(); }) {
    return likelihood.is_density();
  } else if constexpr (requires { L::kIsDensity; }) {
    return L::kIsDensity;
  } else {
    return true;
  }
}

/// Of a likelihood that wants several values for each feature: its calls take one more argument, how they lie in the
/// decoder's output. `block` values of the first kind come before the `block` values of the second, and so on: the
/// channels of a pixel if the decoder returns an image, otherwise all features.
template <class L>
concept BlockLikelihood = requires(const L& likelihood, ConstView<float> batch, float weight, std::span<double> values,
                                   View<float> gradient, Index block) {
  likelihood(batch, batch, weight, values, gradient, block);
  likelihood.mean(gradient, block);
};

/// Reconstruction term. One call gives each sample's negative log-likelihood and `weight` times its gradient; every
/// sample (column) is computed alone. `kOutputsPerFeature` says how many values the decoder must emit for each value of
/// the input, and `kSharedOutputs` (optional, 0) how many for the sample as a whole, after the others. `mean` turns the
/// decoder's output into an image in place: its first rows, as many as the input has. `Input` (optional): the shape of
/// the images that it is for; where only a run shows it (AnyLikelihood), `check_input<In>()` throws
/// std::invalid_argument for a model with another input. `kIsDensity` (optional, true): false if the value is no
/// negative log-likelihood but another distance (Perceptual, Ssim); then nobody reports an ELBO. LikelihoodOn makes the
/// calls.
template <class L>
concept Likelihood =
    requires(const L& likelihood, double number) {
      { L::kName } -> std::convertible_to<std::string_view>;
      { L::kOutputsPerFeature } -> std::convertible_to<Index>;
      likelihood.check_targets(number, number);  // throws std::invalid_argument if data in [min, max] make no sense
    } && (BlockLikelihood<L> || requires(const L& likelihood, ConstView<float> batch, float weight,
                                         std::span<double> values, View<float> gradient) {
      likelihood(batch /* target */, batch /* decoder output */, weight, values, gradient);
      likelihood.mean(gradient);
    });

/// A likelihood that is a function of the batch's mean (OptimalGaussian): a call gives each sample's part, and `weight`
/// times its gradient, as if the mean of the parts were the value. When all samples have theirs, `value` turns the mean
/// into the value for a sample of so many features, and the gradient is multiplied by `slope`, the derivative of
/// `value`. An evaluation takes the mean over the whole data set.
template <class L>
concept BatchLikelihood = Likelihood<L> && requires(const L& likelihood, double mean, Index features) {
  { likelihood.value(mean, features) } -> std::convertible_to<double>;
  { likelihood.slope(mean, features) } -> std::convertible_to<double>;
};

/// A divergence that needs the sample z of a batch, or shares its work. Every thread of the team calls it once with the
/// whole batch (latents x samples); it works on its own part, and synchronises with `pass.member().barrier()`. Memory
/// comes from `terms.scratch`. The terms' sums are complete at the next barrier after the call.
template <class D, class Posterior, class Progress, class Terms>
concept SampleDivergenceOf = requires(const D& divergence, const Pass& pass, const Posterior& q,
                                      ConstView<typename decltype(Terms::d_mu)::Scalar> z, const Progress& progress,
                                      Terms& terms) { divergence(pass, q, z, progress, terms); };

/// What beta multiplies. Fills `terms` from the posterior q of a batch: value, plain KL per latent and the gradients of
/// the value, all means over the samples and without beta. One thread calls it while the others go on, unless it is a
/// SampleDivergenceOf. Optional: `prepare(terms)`, called once when a run begins; it may size `terms.scratch`,
/// `terms.parts` and `terms.d_z` (if that is not empty, it is added to the gradient of z), and throw if
/// `terms.context` lacks something. The call itself must not allocate.
template <class D, class Posterior, class Progress, class Terms>
concept DivergenceOf =
    requires {
      { D::kName } -> std::convertible_to<std::string_view>;
    } && (SampleDivergenceOf<D, Posterior, Progress, Terms> ||
          requires(const D& divergence, const Posterior& q, const Progress& progress, Terms& terms) {
            divergence(q, progress, terms);
          });

/// Updates any range of the parameters from the same range of the gradient and of `kMoments` vectors of its own, value
/// by value. Optional: `kIgnoresNorm` = true says that it does not read the step's gradient_norm; the trainer may then
/// update a part of the parameters as soon as its gradient is there, unless `optimizer.reads_norm()` (optional) is
/// true.
template <class O, class Step>
concept OptimizerOf =
    requires(const O& optimizer, const Step& step, std::span<float> parameters, std::span<const float> gradient,
             const std::array<std::span<float>, static_cast<std::size_t>(O::kMoments)>& moments) {
      { O::kName } -> std::convertible_to<std::string_view>;
      { optimizer.base_learning_rate() } -> std::convertible_to<double>;
      optimizer.template step<float>(step, parameters, gradient, moments);
    };

}  // namespace bvae
