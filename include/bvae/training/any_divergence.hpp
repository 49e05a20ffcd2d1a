#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bvae/core/batch.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/latent/diagonal_gaussian.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {

/// Holds any divergence, for when the kind is known only at run time (a command line flag), or to compile one training
/// instead of one for each divergence.
///
/// It gives the bits of the divergence inside, for one indirect call in a step. Copies share the divergence, which is
/// never changed. The constructor calls its `validate()`, if it has one. It is here and not with the divergences, which
/// know nothing of the posterior that they are given.
///
/// \tparam Scalar of the model
template <class Scalar = float>
class AnyDivergence {
  using Posterior = DiagonalGaussian<Scalar>;
  using Terms = DivergenceTerms<Scalar>;

 public:
  static constexpr std::string_view kName = "any";

  template <class Kind>
    requires(!std::same_as<std::remove_cvref_t<Kind>, AnyDivergence>) &&
            DivergenceOf<std::decay_t<Kind>, Posterior, Progress, Terms>
  AnyDivergence(Kind&& divergence)
      : held_(std::make_shared<const Held<std::decay_t<Kind>>>(std::forward<Kind>(divergence))) {
    validate();
  }

  /// Of the divergence inside.
  [[nodiscard]] std::string_view name() const { return held_->name(); }

  void validate() const { held_->validate(); }
  void prepare(Terms& terms) const { held_->prepare(terms); }

  /// As a SampleDivergenceOf: every thread calls it. One of them does the work of a divergence that needs no sample.
  void operator()(const Pass& pass, const Posterior& q, ConstView<Scalar> z, const Progress& progress,
                  Terms& terms) const {
    held_->compute(pass, q, z, progress, terms);
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    virtual void validate() const = 0;
    virtual void prepare(Terms& terms) const = 0;
    virtual void compute(const Pass& pass, const Posterior& q, ConstView<Scalar> z, const Progress& progress,
                         Terms& terms) const = 0;
  };

  template <class Kind>
  struct Held final : Interface {
    explicit Held(Kind given) : divergence(std::move(given)) {}

    [[nodiscard]] std::string_view name() const override { return Kind::kName; }
    void validate() const override {
      if constexpr (requires { divergence.validate(); }) divergence.validate();
    }
    void prepare([[maybe_unused]] Terms& terms) const override {
      if constexpr (requires { divergence.prepare(terms); }) divergence.prepare(terms);
    }
    void compute(const Pass& pass, const Posterior& q, [[maybe_unused]] ConstView<Scalar> z, const Progress& progress,
                 Terms& terms) const override {
      if constexpr (SampleDivergenceOf<Kind, Posterior, Progress, Terms>) {
        divergence(pass, q, z, progress, terms);
      } else if (pass.member().rank() == 0) {
        divergence(q, progress, terms);
      }
    }

    Kind divergence;
  };

  std::shared_ptr<const Interface> held_;
};

}  // namespace bvae
