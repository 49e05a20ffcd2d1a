#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/likelihoods/pixel_term.hpp"
#include "bvae/models/network_slice.hpp"
#include "bvae/models/trained_network.hpp"

namespace bvae {

namespace detail {

/// The features of a network at its taps, one slice of the network after the other, and the way back.
template <class Net, class Scalar, int Begin, int... Taps>
struct TapChain {
  static constexpr Index kLargest = 0;
  explicit TapChain(Index, Scalar*, Scalar*) {}
};
template <class Net, class Scalar, int Begin, int Tap, int... Rest>
struct TapChain<Net, Scalar, Begin, Tap, Rest...> {
  static_assert(Begin <= Tap && Tap < Net::kLayers,
                "Perceptual: taps must be layers of the feature network, in ascending order");
  using Slice = NetworkSlice<Net, Begin, Tap + 1>;
  using Next = TapChain<Net, Scalar, Tap + 1, Rest...>;
  static constexpr Index kOutput = Slice::Output::kSize;

  /// `delta`: where the gradient with respect to the input goes.
  TapChain(Index capacity, Scalar* input, Scalar* delta)
      : activations(capacity, input, delta),
        target(static_cast<std::size_t>(kOutput * capacity)),
        difference(target.size()),
        next(capacity, activations.output(), activations.output_delta()) {}

  typename Slice::template Activations<Scalar> activations;
  Arena<Scalar> target;
  Arena<Scalar> difference;
  Next next;
};

}  // namespace detail

/// Perceptual reconstruction term (Johnson, Alahi, Fei-Fei 2016; for VAEs Hou et al. 2017): squared distance of the
/// features of a frozen network, beside a pixel term,
///
///   value = pixel_weight pixel(x, y) + sum over taps t of weights[t] / 2 || phi_t(x) - phi_t(image of y) ||^2,
///
/// with phi_t the output of layer t of the network and the image of the decoder's output y as the pixel term's mean
/// (for Bernoulli the sigmoid of the logits). Sums over features, as everywhere. The network computes as in evaluation;
/// its gradient goes to the decoder only, its parameters are never trained, and copies of the term share them. The
/// network takes the model's input; no tap may stand right before an Unflatten.
///
///     using Digits = Network<Image<1, 28, 28>, Conv2d<16, 3, 2, 1>, ReLU, Conv2d<32, 3, 2, 1>, ReLU, Flatten,
///                              Linear<10>>;
///     TrainedNetwork<Digits> digits{Seed{1}};
///     fit_classifier(digits, labelled, {.epochs = 3});
///     Trainer trainer{model, Perceptual<Bernoulli, TrainedNetwork<Digits>, 1, 3>{digits}, ...};
///
/// \tparam Pixel a likelihood with one output per feature that says by `kMeanActivation` how to get from its output to
///         the image: Bernoulli, Gaussian, Laplace
/// \tparam Frozen a TrainedNetwork, or a class derived from one: Vgg16  \tparam Taps numbers of layers, ascending
template <class Pixel, class Frozen, int... Taps>
class Perceptual : private detail::PixelTermRules<Pixel> {
  static_assert(sizeof...(Taps) > 0, "Perceptual: name at least one layer of the feature network");

 public:
  using FeatureScalar = typename Frozen::Scalar;
  using Input = typename Frozen::Input;  ///< what the model's input must be
  static constexpr std::string_view kName = "perceptual";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr bool kIsDensity = false;
  static constexpr std::size_t kTaps = sizeof...(Taps);

  /// Shares the parameters of a copy of `features`.
  explicit Perceptual(const Frozen& features, Pixel pixel_term = {}, double weight_of_pixels = 1.0)
      : Perceptual(std::make_shared<const Frozen>(features), std::move(pixel_term), weight_of_pixels) {}
  explicit Perceptual(std::shared_ptr<const Frozen> features, Pixel pixel_term = {}, double weight_of_pixels = 1.0)
      : pixel(std::move(pixel_term)), pixel_weight(weight_of_pixels), features_(std::move(features)) {
    weights.fill(1.0);
  }

  Pixel pixel;
  double pixel_weight;                ///< >= 0; 0: features alone
  std::array<double, kTaps> weights;  ///< of each tap, >= 0

  void validate() const {
    const auto good = [](double weight) { return weight >= 0 && std::isfinite(weight); };
    if (features_ == nullptr) throw std::invalid_argument("Perceptual: there is no feature network");
    if (!good(pixel_weight) || !std::all_of(weights.begin(), weights.end(), good))
      throw std::invalid_argument("Perceptual: weights must be finite and not negative");
    if constexpr (requires { pixel.validate(); }) pixel.validate();
  }

  [[nodiscard]] const Frozen& features() const { return *features_; }

  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    static_assert(std::is_same_v<Scalar, FeatureScalar>,
                  "Perceptual: the feature network must have the model's scalar");
    const Index samples = target.cols();
    const Index size = target.size();
    detail::start_with_pixel_term(pixel, pixel_weight, target, output, weight, values, gradient);
    Workspace<Scalar>& work = workspace<Scalar>(samples);
    std::copy_n(target.data(), size, work.image.data());
    run(work.chain, samples, true);
    kernels::activate<Pixel::kMeanActivation>(size, output.data(), work.image.data(), Scalar(0));
    run(work.chain, samples, false);
    add_taps<0>(work.chain, samples, weight, values, work.values);
    kernels::activate_backward<Pixel::kMeanActivation>(size, work.image.data(), work.image.data(), work.delta.data(),
                                                       work.delta.data(), Scalar(0));
    for (Index i = 0; i < size; ++i) gradient.data()[i] += work.delta[static_cast<std::size_t>(i)];
  }

  /// The decoder's output to the image, in place.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    pixel.mean(output);
  }

  void check_targets(double minimum, double maximum) const { pixel.check_targets(minimum, maximum); }

 private:
  using Net = typename Frozen::Network;

  /// Memory of one thread.
  template <class Scalar>
  struct Workspace {
    explicit Workspace(Index room)
        : capacity(room),
          image(static_cast<std::size_t>(Net::Input::kSize * room)),
          delta(image.size()),
          values(static_cast<std::size_t>(room)),
          chain(room, image.data(), delta.data()) {}
    Index capacity;
    Arena<Scalar> image;
    Arena<Scalar> delta;
    std::vector<double> values;
    detail::TapChain<Net, Scalar, 0, Taps + Frozen::kFirstLayer...> chain;
  };

  /// Of this thread; grows to its final size with the first shard of that size, so warm steps allocate nothing.
  template <class Scalar>
  static Workspace<Scalar>& workspace(Index samples) {
    thread_local std::unique_ptr<Workspace<Scalar>> work;
    if (work == nullptr || work->capacity < samples)
      work = std::make_unique<Workspace<Scalar>>(std::max(samples, 2 * kShardSamples));
    return *work;
  }

  static Pass pass(Index samples) { return {Mode::kEvaluation, Member{}, samples}; }

  /// Features of what is in the image; kept as those of the target, or as those of the output.
  template <class Scalar, int Begin, int... T>
  void run(detail::TapChain<Net, Scalar, Begin, T...>& chain, Index samples, bool of_target, Index parameter = 0,
           Index state = 0) const {
    if constexpr (sizeof...(T) > 0) {
      using Slice = typename std::remove_reference_t<decltype(chain)>::Slice;
      // Evaluation only reads the state.
      Slice::forward(pass(samples), features_->parameters().data() + parameter,
                     const_cast<Scalar*>(features_->state().data()) + state, chain.activations);
      if (of_target) std::copy_n(chain.activations.output(), chain.kOutput * samples, chain.target.data());
      run(chain.next, samples, of_target, parameter + Slice::kParameters, state + Slice::kState);
    }
  }

  /// Adds the taps' values, and leaves the gradient with respect to the image in the workspace.
  template <std::size_t I, class Scalar, int Begin, int... T>
  void add_taps(detail::TapChain<Net, Scalar, Begin, T...>& chain, Index samples, Scalar weight,
                std::span<double> values, std::vector<double>& scratch, Index parameter = 0) const {
    if constexpr (sizeof...(T) > 0) {
      using Slice = typename std::remove_reference_t<decltype(chain)>::Slice;
      add_taps<I + 1>(chain.next, samples, weight, values, scratch, parameter + Slice::kParameters);
      Scalar* const delta = chain.activations.output_delta();
      const Index size = chain.kOutput * samples;
      Scalar* const own = sizeof...(T) > 1 ? chain.difference.data() : delta;
      kernels::squared_error(chain.kOutput, samples, chain.target.data(), chain.activations.output(), 0.5 * weights[I],
                             static_cast<Scalar>(weights[I]) * weight, scratch.data(), own);
      for (Index s = 0; s < samples; ++s) values[static_cast<std::size_t>(s)] += scratch[static_cast<std::size_t>(s)];
      if constexpr (sizeof...(T) > 1)
        for (Index i = 0; i < size; ++i) delta[i] += own[i];
      Slice::backward(pass(samples), features_->parameters().data() + parameter, chain.activations);
    }
  }

  std::shared_ptr<const Frozen> features_;
};

}  // namespace bvae
