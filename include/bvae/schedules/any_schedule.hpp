#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "bvae/core/schedule_concepts.hpp"
#include "bvae/schedules/observation.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Holds any schedule, for when the kind is known only at run time (a command line flag), or to keep several in a list.
///
/// Accepts every copyable type that is callable as `const` with a Progress and returns a number: the schedules here,
/// your own, lambdas. A plain schedule is a pure function, so copies share the one value inside: a copy allocates
/// nothing. A feedback schedule (FeedbackScheduleOf) has a state: each copy has its own, and allocates. The constructor
/// allocates once and calls the schedule's `validate()`, if it has one; what that throws passes through. Calls from
/// several threads are safe if they are for the schedule inside.
///
/// As a part of something that observes nothing (a Sequence, a Capacity, a learning rate), a feedback schedule is an
/// error: std::invalid_argument.
class AnySchedule {
 public:
  template <class Kind>
    requires(!std::same_as<std::remove_cvref_t<Kind>, AnySchedule>) && std::copy_constructible<std::decay_t<Kind>> &&
            requires(const std::decay_t<Kind>& schedule, const Progress& progress) {
              { schedule(progress) } -> std::convertible_to<double>;
            }
  AnySchedule(Kind&& schedule) : held_(hold(std::forward<Kind>(schedule))) {
    validate();
  }
  AnySchedule(const AnySchedule& other) : held_(other.held_->is_feedback() ? other.held_->copy() : other.held_) {}
  AnySchedule(AnySchedule&&) noexcept = default;
  AnySchedule& operator=(const AnySchedule& other) {
    AnySchedule copy(other);
    held_.swap(copy.held_);
    return *this;
  }
  AnySchedule& operator=(AnySchedule&&) noexcept = default;
  ~AnySchedule() = default;

  /// Throws what the schedule's own validate() throws; does nothing if it has none.
  void validate() const { held_->validate(); }

  [[nodiscard]] double operator()(const Progress& progress) const { return held_->value(progress); }

  /// Whether the schedule inside is a feedback schedule. The others ignore observations and have an empty state.
  [[nodiscard]] bool is_feedback() const { return held_->is_feedback(); }
  void observe(const Progress& progress, const Observation& seen) { held_->observe(progress, seen); }
  [[nodiscard]] std::span<const double> state() const { return held_->state(); }
  void restore(std::span<const double> saved) { held_->restore(saved); }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = default;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    virtual double value(const Progress& progress) const = 0;
    virtual void validate() const = 0;

    virtual bool is_feedback() const { return false; }
    virtual void observe(const Progress&, const Observation&) {}
    virtual std::span<const double> state() const { return {}; }
    virtual void restore(std::span<const double> saved) {
      if (!saved.empty()) throw std::invalid_argument("AnySchedule: the state is a feedback schedule's, this is none");
    }
    virtual std::shared_ptr<Interface> copy() const { return nullptr; }  // of those with a state
  };

  template <class Kind>
  struct Held : Interface {
    explicit Held(const Kind& given) : schedule(given) {}
    explicit Held(Kind&& given) : schedule(std::move(given)) {}

    double value(const Progress& progress) const override { return static_cast<double>(schedule(progress)); }
    void validate() const override {
      if constexpr (requires { schedule.validate(); }) schedule.validate();
    }

    Kind schedule;
  };

  template <class Kind>
  struct HeldFeedback final : Held<Kind> {
    using Held<Kind>::Held;

    bool is_feedback() const override { return true; }
    void observe(const Progress& progress, const Observation& seen) override { this->schedule.observe(progress, seen); }
    std::span<const double> state() const override { return this->schedule.state(); }
    void restore(std::span<const double> saved) override { this->schedule.restore(saved); }
    std::shared_ptr<Interface> copy() const override { return std::make_shared<HeldFeedback>(*this); }
  };

  template <class Kind>
  static std::shared_ptr<Interface> hold(Kind&& schedule) {
    using Decayed = std::decay_t<Kind>;
    if constexpr (FeedbackScheduleOf<Decayed, Progress, Observation>) {
      return std::make_shared<HeldFeedback<Decayed>>(std::forward<Kind>(schedule));
    } else {
      return std::make_shared<Held<Decayed>>(std::forward<Kind>(schedule));
    }
  }

  std::shared_ptr<Interface> held_;
};

}  // namespace schedules

using schedules::AnySchedule;

}  // namespace bvae
