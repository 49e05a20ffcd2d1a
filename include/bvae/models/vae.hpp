#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/denormals.hpp"
#include "bvae/core/message.hpp"
#include "bvae/latent/latent.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/likelihoods/likelihood_on.hpp"

namespace bvae {

/// The encoder's layers, from the input to what the latent's head reads.
template <class... Layers>
struct Encoder {};

/// The decoder's layers, from the latents to the likelihood's parameters (logits for Bernoulli).
template <class... Layers>
struct Decoder {};

/// mu and log_variance of q(z|x), latents x samples.
template <class Scalar>
struct Posterior {
  Matrix<Scalar> mu;
  Matrix<Scalar> log_variance;
};

namespace detail {
template <Index DecoderReturns, Index InputHas>
struct DecoderReturnsInput {
  static_assert(DecoderReturns % InputHas == 0, "Vae: the decoder must return the input's size");
};
template <Index Height, Index Width, Index InputHeight, Index InputWidth>
struct DecoderReturnsImagesOfOneSize {
  static_assert(Height == InputHeight && Width == InputWidth,
                "Vae: an image that the decoder returns must have the input's height and width");
};
template <class In, class Pixels>
constexpr bool returns_images_of_one_size() {
  if constexpr (kIsImage<In> && kAxisOrder<Pixels>.is_image()) {
    constexpr AxisOrder kImage = kAxisOrder<Pixels>;
    return sizeof(DecoderReturnsImagesOfOneSize<kImage.height, kImage.width, In::kHeight, In::kWidth>) > 0;
  } else {
    return true;
  }
}
template <class>
inline constexpr bool kAlwaysFalse = false;

/// The shape of a decoder's output without the values for the sample as a whole (SharedLogSigma).
template <class Out>
struct PixelsOf {
  using type = Out;
};
template <class Out>
  requires requires { typename Out::Pixels; }
struct PixelsOf<Out> {
  using type = typename Out::Pixels;
};
}  // namespace detail

/// A variational autoencoder (Kingma, Welling 2014) as a type:
/// `Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<400>, ReLU>, Latent<20>, Decoder<Linear<400>, ReLU, Linear<784>>>`.
///
/// \tparam In      shape of a sample: Image<C, H, W> or Features<N>
/// \tparam Scalar  float, or double for gradient checks
///
/// Owns its parameters and state (two flat arenas), nothing else. Copying it copies the model. The const functions are
/// safe to call from several threads; they allocate their activations at each call, and compute as training does, with
/// denormal numbers flushed to zero (FlushDenormals).
template <Shape In, class EncoderLayers, class LatentSpace, class DecoderLayers, class ScalarType = float>
class Vae {
  static_assert(detail::kAlwaysFalse<In>, "Vae: write Vae<Shape, Encoder<...>, Latent<...>, Decoder<...>[, Scalar]>");
};

template <Shape In, class... EncoderLayers, class LatentSpace, class... DecoderLayers, class ScalarType>
class Vae<In, Encoder<EncoderLayers...>, LatentSpace, Decoder<DecoderLayers...>, ScalarType> {
 public:
  using Scalar = ScalarType;
  using Input = In;
  using Latent = LatentSpace;
  using EncoderNetwork = Network<In, EncoderLayers...>;
  using HeadNetwork = Network<typename EncoderNetwork::Output, Linear<Latent::kHeadOutputs>>;
  using DecoderNetwork = Network<Features<Latent::kDimensions>, DecoderLayers...>;

  static constexpr Index kFeatures = In::kSize;
  static constexpr Index kLatents = Latent::kDimensions;
  static constexpr Index kDecoderOutputs = DecoderNetwork::Output::kSize;
  /// What the decoder says about each pixel: its output without the values for the sample as a whole.
  using Pixels = typename detail::PixelsOf<typename DecoderNetwork::Output>::type;
  static_assert(sizeof(detail::DecoderReturnsInput<Pixels::kSize, kFeatures>) > 0);
  static_assert(detail::returns_images_of_one_size<In, Pixels>());
  /// A decoder that ends in features gives images in channels-last order (one, or one for each of the likelihood's
  /// outputs per feature): its outputs are pixels.
  static constexpr bool kReturnsPixels =
      kIsImage<In> && !kAxisOrder<Pixels>.is_image() && Pixels::kSize % kFeatures == 0;
  static_assert(!kReturnsPixels || DecoderNetwork::kHasFreeOrder || detail::is_one_order(kAxisOrder<In>),
                "Vae: a decoder that returns an image as features must end in Linear, with activations behind it at "
                "most, because files have its outputs in PyTorch's order");

  /// Where each part begins in the arenas, and their lengths (padding included).
  static constexpr Index kHeadOffset = EncoderNetwork::kParameters;
  static constexpr Index kDecoderOffset = kHeadOffset + HeadNetwork::kParameters;
  static constexpr Index kParameters = kDecoderOffset + DecoderNetwork::kParameters;
  static constexpr Index kDecoderStateOffset = EncoderNetwork::kState;
  static constexpr Index kState = kDecoderStateOffset + DecoderNetwork::kState;
  /// No training batch may have fewer samples.
  static constexpr Index kLeastSamples = std::max(EncoderNetwork::kLeastSamples, DecoderNetwork::kLeastSamples);

  /// Fresh weights, drawn as each layer asks.
  [[gnu::cold]] explicit Vae(Seed seed = {})
      : parameters_(static_cast<std::size_t>(kParameters)), state_(static_cast<std::size_t>(kState)) {
    const FlushDenormals flush;
    constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
    EncoderNetwork::initialize(parameters_.data(), seed, 0);
    HeadNetwork::initialize(parameters_.data() + kHeadOffset, seed, kPart);
    DecoderNetwork::initialize(parameters_.data() + kDecoderOffset, seed, 2 * kPart);
    EncoderNetwork::initialize_state(parameters_.data(), state_.data(), seed, 0);
    DecoderNetwork::initialize_state(parameters_.data() + kDecoderOffset, state_.data() + kDecoderStateOffset, seed,
                                     2 * kPart);
  }

  /// All trainable values, flat; `parameter_tensors()` says where each tensor lies.
  [[nodiscard]] Arena<Scalar>& parameters() { return parameters_; }
  [[nodiscard]] const Arena<Scalar>& parameters() const { return parameters_; }
  /// Values that are not trained (running statistics).
  [[nodiscard]] Arena<Scalar>& state() { return state_; }
  [[nodiscard]] const Arena<Scalar>& state() const { return state_; }

  /// Trainable values without padding.
  [[nodiscard]] static Index parameter_count() {
    Index count = 0;
    for (const NamedTensor& tensor : parameter_tensors()) count += tensor.info.size();
    return count;
  }

  /// Names as in a PyTorch module with nn.Sequential `encoder` and `decoder` and nn.Linear `latent`.
  [[nodiscard, gnu::cold]] static std::vector<NamedTensor> parameter_tensors() {
    std::vector<NamedTensor> tensors = EncoderNetwork::parameter_tensors("encoder", 0);
    append(tensors, HeadNetwork::parameter_tensors("latent", kHeadOffset, false));
    append(tensors, DecoderNetwork::parameter_tensors("decoder", kDecoderOffset, true, kOutputOrder));
    return tensors;
  }
  [[nodiscard, gnu::cold]] static std::vector<NamedTensor> state_tensors() {
    std::vector<NamedTensor> tensors = EncoderNetwork::state_tensors("encoder", 0);
    append(tensors, DecoderNetwork::state_tensors("decoder", kDecoderStateOffset, true, kOutputOrder));
    return tensors;
  }

  /// q(z|x) of each column of `x`. \throws std::invalid_argument if x has another number of rows than the input shape
  [[nodiscard]] Posterior<Scalar> encode(const Eigen::Ref<const Matrix<Scalar>>& x) const {
    check_rows("encode", x.rows(), kFeatures);
    const FlushDenormals flush;
    Posterior<Scalar> q{Matrix<Scalar>(kLatents, x.cols()), Matrix<Scalar>(kLatents, x.cols())};
    for_blocks(x.cols(), [&](Index first, Index count) {
      Arena<Scalar> input(static_cast<std::size_t>(kFeatures * count));
      detail::copy_columns<Scalar>(detail::columns_of<Scalar>(x, first, count),
                                   detail::columns_of(input.data(), kFeatures, 0, count));
      const Pass pass(Mode::kEvaluation, Member{}, count);
      typename EncoderNetwork::template Activations<Scalar> encoder(count, input.data(), nullptr, false);
      typename HeadNetwork::template Activations<Scalar> head(count, encoder.output(), nullptr, false);
      EncoderNetwork::forward(pass, parameters_.data(), mutable_state(), encoder);
      HeadNetwork::forward(pass, parameters_.data() + kHeadOffset, mutable_state(), head);
      const auto posterior = Latent::posterior(head.output(), count);
      detail::copy_columns<Scalar>(posterior.mu(), detail::columns_of(q.mu.data(), kLatents, first, count));
      detail::copy_columns<Scalar>(posterior.log_variance(),
                                   detail::columns_of(q.log_variance.data(), kLatents, first, count));
    });
    return q;
  }

  /// The decoder's output for each column of `z`: logits if the model is trained with Bernoulli.
  [[nodiscard]] Matrix<Scalar> decode(const Eigen::Ref<const Matrix<Scalar>>& z) const {
    check_rows("decode", z.rows(), kLatents);
    const FlushDenormals flush;
    Matrix<Scalar> output(kDecoderOutputs, z.cols());
    for_blocks(z.cols(), [&](Index first, Index count) {
      Arena<Scalar> input(static_cast<std::size_t>(kLatents * count));
      detail::copy_columns<Scalar>(detail::columns_of<Scalar>(z, first, count),
                                   detail::columns_of(input.data(), kLatents, 0, count));
      const Pass pass(Mode::kEvaluation, Member{}, count);
      typename DecoderNetwork::template Activations<Scalar> decoder(count, input.data(), nullptr, false);
      DecoderNetwork::forward(pass, parameters_.data() + kDecoderOffset, mutable_state() + kDecoderStateOffset,
                              decoder);
      std::copy(decoder.output(), decoder.output() + kDecoderOutputs * count, output.data() + kDecoderOutputs * first);
    });
    return output;
  }
  /// The likelihood's mean for each column of `z`: for Bernoulli probabilities, ready to look at.
  template <Likelihood L>
  [[nodiscard]] Matrix<Scalar> decode(const Eigen::Ref<const Matrix<Scalar>>& z, const L& likelihood) const {
    const FlushDenormals flush;
    Matrix<Scalar> output = decode(z);
    LikelihoodOn<L, In, typename DecoderNetwork::Output>::mean(
        likelihood, View<Scalar>(output.data(), output.rows(), output.cols()));
    if constexpr (kDecoderOutputs != kFeatures) {
      return output.topRows(kFeatures);
    } else {
      return output;
    }
  }

  /// Decodes mu of each column: deterministic.
  [[nodiscard]] Matrix<Scalar> reconstruct(const Eigen::Ref<const Matrix<Scalar>>& x) const {
    return decode(encode(x).mu);
  }
  template <Likelihood L>
  [[nodiscard]] Matrix<Scalar> reconstruct(const Eigen::Ref<const Matrix<Scalar>>& x, const L& likelihood) const {
    return decode(encode(x).mu, likelihood);
  }

  /// Decodes `count` draws from the prior N(0, I); the same seed gives the same draws.
  [[nodiscard]] Matrix<Scalar> sample(Index count, Seed seed = {}) const { return decode(draw(count, seed)); }
  template <Likelihood L>
  [[nodiscard]] Matrix<Scalar> sample(Index count, const L& likelihood, Seed seed = {}) const {
    return decode(draw(count, seed), likelihood);
  }

 private:
  static constexpr Index kBlock = 256;

  static Matrix<Scalar> draw(Index count, Seed seed) {
    if (count < 0) throw std::invalid_argument("Vae: cannot draw a negative number of samples");
    const FlushDenormals flush;
    Matrix<Scalar> z(kLatents, count);
    const RandomStream random(seed, Stream::kSampling);
    for (Index s = 0; s < count; ++s)
      random.normal(static_cast<std::uint32_t>(s),
                    std::span<Scalar>(z.col(s).data(), static_cast<std::size_t>(kLatents)));
    return z;
  }

  static void check_rows(const char* function, Index rows, Index expected) {
    if (rows != expected)
      throw std::invalid_argument(
          message("Vae::", function, ": expected ", expected, " rows (one column = one sample), got ", rows));
  }

  template <class Function>
  static void for_blocks(Index samples, Function&& function) {
    for (Index first = 0; first < samples; first += kBlock) function(first, std::min(kBlock, samples - first));
  }

  [[gnu::cold]] static void append(std::vector<NamedTensor>& tensors, std::vector<NamedTensor> more) {
    for (NamedTensor& tensor : more) tensors.emplace_back() = std::move(tensor);
  }

  static constexpr AxisOrder kOutputOrder = kReturnsPixels ? kAxisOrder<In> : AxisOrder{};

  /// Evaluation reads the state only; Network::forward takes it writable because training writes it.
  Scalar* mutable_state() const { return const_cast<Scalar*>(state_.data()); }

  Arena<Scalar> parameters_;
  Arena<Scalar> state_;
};

}  // namespace bvae
