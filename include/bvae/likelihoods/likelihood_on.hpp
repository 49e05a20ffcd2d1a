#pragma once

#include <span>
#include <type_traits>

#include "bvae/core/concepts.hpp"

namespace bvae {
namespace detail {
template <Index DecoderReturns, Index LikelihoodWants>
struct DecoderFitsLikelihood {
  static_assert(DecoderReturns == LikelihoodWants,
                "Likelihood: the decoder must return the input's size times the likelihood's outputs per feature (and "
                "its shared outputs)");
};
template <class L, class In>
struct LikelihoodSeesInput {
  static constexpr bool kFits = [] {
    if constexpr (requires { typename L::Input; }) {
      return kIsImage<In> ? std::is_same_v<typename L::Input, In> : L::Input::kSize == In::kSize;
    } else {
      return true;
    }
  }();
  static_assert(kFits, "Likelihood: its images must have the shape of the model's input");
};
}  // namespace detail

/// A likelihood together with the shapes of input and decoder output: checks that they fit, and hands the layout of the
/// outputs to the likelihoods that ask for it (BlockLikelihood).
template <Likelihood L, Shape In, Shape Out>
struct LikelihoodOn
    : private detail::DecoderFitsLikelihood<Out::kSize, In::kSize * L::kOutputsPerFeature + kSharedOutputs<L>>,
      private detail::LikelihoodSeesInput<L, In> {
  /// Values of one kind that lie together in the decoder's output.
  static constexpr Index kBlock = [] {
    if constexpr (kAxisOrder<Out>.is_image() && BlockLikelihood<L>) {  // a flattened image too
      return kAxisOrder<Out>.channels / L::kOutputsPerFeature;
    } else {
      return In::kSize;
    }
  }();

  template <class Scalar>
  static void evaluate(const L& likelihood, ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight,
                       std::span<double> values, View<Scalar> gradient) {
    if constexpr (BlockLikelihood<L>) {
      likelihood(target, output, weight, values, gradient, kBlock);
    } else {
      likelihood(target, output, weight, values, gradient);
    }
  }

  /// In place: the image is in the first In::kSize rows.
  template <class Scalar>
  static void mean(const L& likelihood, View<Scalar> output) {
    if constexpr (BlockLikelihood<L>) {
      likelihood.mean(output, kBlock);
    } else {
      likelihood.mean(output);
    }
  }
};

}  // namespace bvae
