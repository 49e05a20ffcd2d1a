#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bvae/core/concepts.hpp"
#include "bvae/core/message.hpp"

namespace bvae {

/// Holds any likelihood with one output per feature, for when the kind is known only at run time (a command line flag),
/// or to compile one training instead of one for each likelihood.
///
/// It gives the bits of the likelihood inside. A call costs one indirect call for a shard of samples, and training one
/// more meeting of the threads in a step, because the one inside may be a function of the batch's mean
/// (OptimalGaussian). Copies share the likelihood, which is never changed. The constructor calls its `validate()`, if
/// it has one.
///
/// \tparam Scalar of the model
template <class Scalar = float>
class AnyLikelihood {
 public:
  static constexpr std::string_view kName = "any";
  static constexpr Index kOutputsPerFeature = 1;

  template <class Kind>
    requires(!std::same_as<std::remove_cvref_t<Kind>, AnyLikelihood>) && Likelihood<std::decay_t<Kind>>
  AnyLikelihood(Kind&& likelihood)
      : held_(std::make_shared<const Held<std::decay_t<Kind>>>(std::forward<Kind>(likelihood))) {
    static_assert(std::decay_t<Kind>::kOutputsPerFeature == 1 && kSharedOutputs<std::decay_t<Kind>> == 0,
                  "AnyLikelihood: the likelihood must take one output for each feature");
    validate();
  }

  /// Of the likelihood inside.
  [[nodiscard]] std::string_view name() const { return held_->name(); }
  [[nodiscard]] bool is_density() const { return held_->is_density(); }

  void validate() const { held_->validate(); }

  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    held_->evaluate(target, output, weight, values, gradient);
  }
  void mean(View<Scalar> output) const { held_->mean(output); }
  /// For set_output_bias. \throws std::logic_error if the likelihood inside does not say
  [[nodiscard]] double output_for_mean(double mean) const { return held_->output_for_mean(mean); }
  void check_targets(double minimum, double maximum) const { held_->check_targets(minimum, maximum); }
  /// \throws std::invalid_argument if the likelihood inside is for images of another shape than `In`
  template <Shape In>
  void check_input() const {
    held_->check_input(In::kSize, image_of<In>());
  }

  /// As a BatchLikelihood: other likelihoods are the mean itself.
  [[nodiscard]] double value(double mean, Index features) const { return held_->value(mean, features); }
  [[nodiscard]] double slope(double mean, Index features) const { return held_->slope(mean, features); }

  /// What the value leaves out, in nats; 0 if the likelihood inside does not say.
  [[nodiscard]] double constant(Index features) const { return held_->constant(features); }

 private:
  /// Extents of an image; none of plain features.
  template <class In>
  static constexpr AxisOrder image_of() {
    if constexpr (kIsImage<In>) return kAxisOrder<In>;
    return {};
  }

  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual bool is_density() const = 0;
    virtual void validate() const = 0;
    virtual void evaluate(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                          View<Scalar> gradient) const = 0;
    virtual void mean(View<Scalar> output) const = 0;
    [[nodiscard]] virtual double output_for_mean(double mean) const = 0;
    virtual void check_targets(double minimum, double maximum) const = 0;
    virtual void check_input(Index size, AxisOrder image) const = 0;
    [[nodiscard]] virtual double value(double mean, Index features) const = 0;
    [[nodiscard]] virtual double slope(double mean, Index features) const = 0;
    [[nodiscard]] virtual double constant(Index features) const = 0;
  };

  template <class Kind>
  struct Held final : Interface {
    explicit Held(Kind given) : likelihood(std::move(given)) {}

    [[nodiscard]] std::string_view name() const override { return Kind::kName; }
    [[nodiscard]] bool is_density() const override { return bvae::is_density(likelihood); }
    void validate() const override {
      if constexpr (requires { likelihood.validate(); }) likelihood.validate();
    }
    void evaluate(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const override {
      if constexpr (requires { typename Kind::Input; }) {  // whoever calls it has not called check_input
        if (target.rows() != Kind::Input::kSize)
          throw std::invalid_argument(message("AnyLikelihood: ", Kind::kName, " is for images of ", Kind::Input::kSize,
                                              " values, the model's have ", target.rows()));
      }
      if constexpr (BlockLikelihood<Kind>) {
        likelihood(target, output, weight, values, gradient, target.rows());
      } else {
        likelihood(target, output, weight, values, gradient);
      }
    }
    void mean(View<Scalar> output) const override {
      if constexpr (BlockLikelihood<Kind>) {
        likelihood.mean(output, output.rows());
      } else {
        likelihood.mean(output);
      }
    }
    [[nodiscard]] double output_for_mean([[maybe_unused]] double mean) const override {
      if constexpr (requires { bvae::output_for_mean(likelihood, mean); }) {
        return bvae::output_for_mean(likelihood, mean);
      } else {
        throw std::logic_error(message("AnyLikelihood: ", Kind::kName, " has no output_for_mean"));
      }
    }
    void check_targets(double minimum, double maximum) const override { likelihood.check_targets(minimum, maximum); }
    /// By the rule of LikelihoodOn: the extents of the model's images, or the number of its features.
    void check_input([[maybe_unused]] Index size, [[maybe_unused]] AxisOrder image) const override {
      if constexpr (requires { typename Kind::Input; }) {
        constexpr Index kSize = Kind::Input::kSize;
        constexpr AxisOrder kOwn = image_of<typename Kind::Input>();
        if (image.is_image() ? image == kOwn : size == kSize) return;
        throw std::invalid_argument(message("AnyLikelihood: ", Kind::kName, " is for ", text_of(kSize, kOwn),
                                            ", the model takes ", text_of(size, image)));
      }
    }
    [[nodiscard]] double value(double mean, [[maybe_unused]] Index features) const override {
      if constexpr (BatchLikelihood<Kind>) {
        return likelihood.value(mean, features);
      } else {
        return mean;
      }
    }
    [[nodiscard]] double slope([[maybe_unused]] double mean, [[maybe_unused]] Index features) const override {
      if constexpr (BatchLikelihood<Kind>) {
        return likelihood.slope(mean, features);
      } else {
        return 1;
      }
    }
    [[nodiscard]] double constant([[maybe_unused]] Index features) const override {
      if constexpr (requires { likelihood.constant(features); }) {
        return likelihood.constant(features);
      } else {
        return 0;
      }
    }

    static std::string text_of(Index size, AxisOrder image) {
      if (!image.is_image()) return message(size, " features");
      return message("images of ", image.channels, " x ", image.height, " x ", image.width);
    }

    Kind likelihood;
  };

  std::shared_ptr<const Interface> held_;
};

}  // namespace bvae
