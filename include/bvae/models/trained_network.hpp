#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bvae/core/denormals.hpp"
#include "bvae/core/types.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {

/// A Network together with its parameters and state: a classifier (fit_classifier), or the frozen features of a
/// Perceptual. save and load take it; its tensors are called as in a PyTorch module with an nn.Sequential `features`.
///
/// The const functions are safe to call from several threads.
template <class Net, class ScalarType = float>
class TrainedNetwork {
 public:
  using Network = Net;
  using Scalar = ScalarType;
  using Input = typename Net::Input;
  static constexpr Index kFeatures = Net::Input::kSize;
  static constexpr Index kOutputs = Net::Output::kSize;
  static constexpr std::string_view kPrefix = "features";
  /// The layer that has number 0 in names, and for Perceptual's taps.
  static constexpr int kFirstLayer = 0;

  /// Fresh weights, drawn as each layer asks.
  explicit TrainedNetwork(Seed seed = {})
      : parameters_(static_cast<std::size_t>(Net::kParameters)), state_(static_cast<std::size_t>(Net::kState)) {
    const FlushDenormals flush;
    Net::initialize(parameters_.data(), seed, 0);
    Net::initialize_state(parameters_.data(), state_.data(), seed, 0);
  }

  [[nodiscard]] Arena<Scalar>& parameters() { return parameters_; }
  [[nodiscard]] const Arena<Scalar>& parameters() const { return parameters_; }
  [[nodiscard]] Arena<Scalar>& state() { return state_; }
  [[nodiscard]] const Arena<Scalar>& state() const { return state_; }

  [[nodiscard]] static std::vector<NamedTensor> parameter_tensors() {
    return Net::parameter_tensors(std::string(kPrefix), 0);
  }
  [[nodiscard]] static std::vector<NamedTensor> state_tensors() { return Net::state_tensors(std::string(kPrefix), 0); }

  /// The network's output for each column of `x`: class logits, if it is a classifier.
  /// \throws std::invalid_argument if x has another number of rows than the input shape
  [[nodiscard]] Matrix<Scalar> output(const Eigen::Ref<const Matrix<Scalar>>& x) const {
    if (x.rows() != kFeatures)
      throw std::invalid_argument(
          message("TrainedNetwork::output: expected ", kFeatures, " rows (one column = one sample), got ", x.rows()));
    const FlushDenormals flush;
    constexpr Index kBlock = 64;
    Matrix<Scalar> y(kOutputs, x.cols());
    Arena<Scalar> input(static_cast<std::size_t>(kFeatures * std::min(kBlock, x.cols())));
    const typename Net::template Activations<Scalar> a(std::min(kBlock, x.cols()), input.data(), nullptr, false);
    for (Index first = 0; first < x.cols(); first += kBlock) {
      const Index count = std::min(kBlock, x.cols() - first);
      for (Index s = 0; s < count; ++s)
        std::copy_n(x.data() + (first + s) * x.outerStride(), kFeatures, input.data() + s * kFeatures);
      // Evaluation only reads the state.
      Net::forward(Pass(Mode::kEvaluation, Member{}, count), parameters_.data(), const_cast<Scalar*>(state_.data()), a);
      std::copy_n(a.output(), count * kOutputs, y.data() + first * kOutputs);
    }
    return y;
  }

 private:
  Arena<Scalar> parameters_;
  Arena<Scalar> state_;
};

}  // namespace bvae
