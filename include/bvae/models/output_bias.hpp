#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/data/check_shape.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/layers/chain.hpp"

namespace bvae {

namespace detail {

/// The last layer that computes something.
template <class Net, int I = Net::kLayers - 1>
constexpr int last_layer() {
  if constexpr (I < 0) {
    return I;
  } else if constexpr (kIsIdentity<typename Net::template Bound<I>>) {
    return last_layer<Net, I - 1>();
  } else {
    return I;
  }
}

/// The number of that layer's tensor "bias" [outputs], or -1.
template <class Net>
constexpr int last_bias() {
  constexpr int kLast = last_layer<Net>();
  if constexpr (kLast >= 0) {
    constexpr auto kTensors = parameters_of<typename Net::template Bound<kLast>>();
    for (std::size_t t = 0; t < kTensors.size(); ++t)
      if (kTensors[t].name == "bias" && kTensors[t].rank == 1) return static_cast<int>(t);
  }
  return -1;
}
template <class Net>
struct HasOutputBias {
  static_assert(last_bias<Net>() >= 0, "set_output_bias: the decoder must end in a layer with a bias");
  static constexpr int value = last_bias<Net>();
};

template <Index Biases, Index FeaturesHave, class Output>
struct BiasesFitOutputs {
  static constexpr bool fits() {
    if constexpr (kIsImage<Output>) {
      return Biases == FeaturesHave || Biases == Output::kChannels;
    } else {
      return Biases == FeaturesHave;
    }
  }
  static_assert(fits(), "set_output_bias: the last layer must have a bias for each feature, or for each channel");
};

}  // namespace detail

/// Starts the decoder at the mean of the data: its last layer's bias becomes what the likelihood turns into the mean of
/// each feature, for Bernoulli the logit of the mean, which is first brought into [0.001, 0.999] (Burda, Grosse,
/// Salakhutdinov 2016, in their code). Where that layer has one bias for each channel of an image, it is the mean of
/// the channel over all pixels. The weights stay as they are. Call it before training: then the decoder need not learn
/// the mean first.
///
/// \throws std::invalid_argument if the data do not fit the model or the likelihood
template <class Model, Likelihood L>
void set_output_bias(Model& model, const Dataset& data, const L& likelihood) {
  using Net = typename Model::DecoderNetwork;
  static_assert(Model::kDecoderOutputs == Model::kFeatures,
                "set_output_bias: the decoder must return one value for each feature");
  constexpr int kLast = detail::last_layer<Net>();
  constexpr auto kBias = static_cast<std::size_t>(detail::HasOutputBias<Net>::value);
  using Last = typename Net::template Bound<kLast>;
  constexpr TensorInfo kInfo = detail::parameters_of<Last>()[kBias];
  constexpr Index kBiases = kInfo.extents[0];
  static_assert(sizeof(detail::BiasesFitOutputs<kBiases, Model::kFeatures, typename Net::Output>) > 0);
  check_shape<typename Model::Input>("set_output_bias: the data set", data);
  likelihood.check_targets(data.minimum(), data.maximum());

  std::vector<double> means(static_cast<std::size_t>(kBiases));
  constexpr Index kBlock = 256;
  for (Index first = 0; first < data.size(); first += kBlock) {
    const Matrix<double> x = data.template columns<double>(first, std::min(kBlock, data.size() - first));
    for (Index i = 0; i < x.size(); ++i) means[static_cast<std::size_t>(i % kBiases)] += x.data()[i];
  }
  const double count = static_cast<double>(data.size()) * static_cast<double>(Model::kFeatures / kBiases);
  using Scalar = typename Model::Scalar;
  Scalar* const bias = model.parameters().data() + Model::kDecoderOffset + Net::template layer_offset<kLast>() +
                       detail::kParameterOffsets<Last>[kBias];
  for (Index b = 0; b < kBiases; ++b)
    bias[kInfo.position(b)] =
        static_cast<Scalar>(output_for_mean(likelihood, means[static_cast<std::size_t>(b)] / count));
}

}  // namespace bvae
