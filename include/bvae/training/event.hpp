/// What callbacks see. A callback is anything that can be called with one or more of these events: a lambda
/// `[](const bvae::EpochEnd& e) { ... }`, or a struct with an operator() for each event it wants. Hooks have no names,
/// so none can be misspelt: a type that takes no event does not compile. A generic lambda is called with every event.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bvae/data/binarization.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/training/history.hpp"

namespace bvae {

/// What is fixed for the whole run.
struct RunInfo {
  std::int64_t epochs = 0;
  std::int64_t steps_per_epoch = 0;
  std::int64_t total_steps = 0;
  Index batch_size = 0;
  Index samples = 0;
  Index validation_samples = 0;  ///< 0: no validation set
  Index features = 0;
  Index latents = 0;
  Index parameters = 0;
  int threads = 0;
  std::uint64_t seed = 0;
  /// The schedule's beta at the last step: the fixed beta for choosing a model. 1 with a feedback schedule, whose last
  /// beta nobody knows before.
  double final_beta = 0;
  Binarization binarization = Binarization::kNone;
  std::string_view likelihood{};
  bool likelihood_is_density = true;  ///< false: there is no ELBO, see is_density
  std::string_view divergence{};
  std::string_view optimizer{};
};

/// How a callback ends training.
class Control {
 public:
  /// Training ends after the current step or epoch. The first reason stays.
  void stop(std::string reason) {
    if (reason_.empty()) reason_ = reason.empty() ? "stopped" : std::move(reason);
  }
  [[nodiscard]] bool stopping() const { return !reason_.empty(); }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// Before the first step.
struct FitBegin {
  const RunInfo& run;
  Control& control;
};

/// After each optimizer step.
struct StepEnd {
  const RunInfo& run;
  Control& control;
  std::int64_t step = 0;           ///< steps done, this one included
  std::int64_t epoch = 0;          ///< epochs done before this one
  std::int64_t step_of_epoch = 0;  ///< from 1
  double beta = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
  Losses losses{};
  std::span<const DivergencePart> divergence_parts{};  ///< what the divergence reports beside its value
  std::span<const double> schedule_state{};            ///< of a feedback schedule, after this step; else empty
};

/// After each epoch and its evaluation.
struct EpochEnd {
  const RunInfo& run;
  Control& control;
  const EpochRecord& record;
  /// All steps of the epoch had the schedule's final beta: such epochs are comparable. False if any part was a ramp.
  /// Always true with a feedback schedule, which has no end that one could wait for.
  bool beta_settled = false;
  /// The model's parameters and state as bytes, to keep a copy of.
  std::span<const std::byte> parameters{};
  std::span<const std::byte> state{};
};

/// After training, also when it was stopped (but not after an exception). A callback may put other parameters into the
/// model here.
struct FitEnd {
  const RunInfo& run;
  const History& history;
  std::span<std::byte> parameters{};
  std::span<std::byte> state{};
};

namespace detail {
/// Takes the event, but wants to change it: it would never be called.
template <class C, class Event>
inline constexpr bool kWantsMutable = std::invocable<C&, Event&> && !std::invocable<C&, const Event&>;
}  // namespace detail

template <class C>
inline constexpr bool kTakesConstEvents = !detail::kWantsMutable<C, FitBegin> && !detail::kWantsMutable<C, StepEnd> &&
                                          !detail::kWantsMutable<C, EpochEnd> && !detail::kWantsMutable<C, FitEnd>;

template <class C>
concept Callback = std::invocable<C&, const FitBegin&> || std::invocable<C&, const StepEnd&> ||
                   std::invocable<C&, const EpochEnd&> || std::invocable<C&, const FitEnd&>;

}  // namespace bvae
