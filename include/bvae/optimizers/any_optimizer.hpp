#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bvae/core/concepts.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae {

/// Holds any optimizer of at most two moments, for when the kind is known only at run time (a command line flag), or to
/// compile one training instead of one for each optimizer.
///
/// It makes the steps of the optimizer inside, to the bit, for one indirect call for each part of the parameters; both
/// moments' memory is there whatever the optimizer needs. Copies share the optimizer, which is never changed. The
/// constructor calls its `validate()`, if it has one.
///
/// \tparam Scalar of the model
template <class Scalar = float>
class AnyOptimizer {
 public:
  static constexpr int kMoments = 2;
  static constexpr std::string_view kName = "any";
  static constexpr bool kIgnoresNorm = true;  ///< unless reads_norm()

  template <class Kind>
    requires(!std::same_as<std::remove_cvref_t<Kind>, AnyOptimizer>) && OptimizerOf<std::decay_t<Kind>, OptimizerStep>
  AnyOptimizer(Kind&& optimizer)
      : held_(std::make_shared<const Held<std::decay_t<Kind>>>(std::forward<Kind>(optimizer))) {
    static_assert(std::decay_t<Kind>::kMoments <= kMoments,
                  "AnyOptimizer: the optimizer must have at most two moments");
    validate();
  }

  /// Of the optimizer inside.
  [[nodiscard]] std::string_view name() const { return held_->name(); }
  [[nodiscard]] bool reads_norm() const { return held_->reads_norm(); }
  [[nodiscard]] double base_learning_rate() const { return held_->base_learning_rate(); }

  void validate() const { held_->validate(); }

  template <class S>
  void step(const OptimizerStep& step, std::span<S> parameters, std::span<const S> gradient,
            const std::array<std::span<S>, kMoments>& moments) const {
    static_assert(std::is_same_v<S, Scalar>, "AnyOptimizer: must have the model's scalar");
    held_->step(step, parameters, gradient, moments);
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual bool reads_norm() const = 0;
    [[nodiscard]] virtual double base_learning_rate() const = 0;
    virtual void validate() const = 0;
    virtual void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
                      const std::array<std::span<Scalar>, kMoments>& moments) const = 0;
  };

  template <class Kind>
  struct Held final : Interface {
    explicit Held(Kind given) : optimizer(std::move(given)) {}

    [[nodiscard]] std::string_view name() const override { return Kind::kName; }
    [[nodiscard]] bool reads_norm() const override {
      if constexpr (requires { optimizer.reads_norm(); }) {
        return optimizer.reads_norm();
      } else if constexpr (requires { Kind::kIgnoresNorm; }) {
        return !Kind::kIgnoresNorm;
      } else {
        return true;
      }
    }
    [[nodiscard]] double base_learning_rate() const override { return optimizer.base_learning_rate(); }
    void validate() const override {
      if constexpr (requires { optimizer.validate(); }) optimizer.validate();
    }
    void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
              const std::array<std::span<Scalar>, kMoments>& moments) const override {
      std::array<std::span<Scalar>, static_cast<std::size_t>(Kind::kMoments)> own;
      std::copy_n(moments.begin(), own.size(), own.begin());
      optimizer.template step<Scalar>(step, parameters, gradient, own);
    }

    Kind optimizer;
  };

  std::shared_ptr<const Interface> held_;
};

}  // namespace bvae
