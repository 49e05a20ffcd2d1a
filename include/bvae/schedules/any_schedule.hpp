#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Holds any schedule, for when the kind is known only at run time (a command line flag), or to keep several in a list.
///
/// Accepts every copyable type that is callable as `const` with a Progress and returns a number: the schedules here,
/// your own, lambdas. A schedule is a pure function, so copies share the one value inside: a copy allocates nothing.
/// The constructor allocates once and calls the schedule's `validate()`, if it has one; what that throws passes
/// through. Calls from several threads are safe if they are for the schedule inside.
class AnySchedule {
 public:
  template <class Kind>
    requires(!std::same_as<std::remove_cvref_t<Kind>, AnySchedule>) && std::copy_constructible<std::decay_t<Kind>> &&
            requires(const std::decay_t<Kind>& schedule, const Progress& progress) {
              { schedule(progress) } -> std::convertible_to<double>;
            }
  AnySchedule(Kind&& schedule) : held_(std::make_shared<const Held<std::decay_t<Kind>>>(std::forward<Kind>(schedule))) {
    validate();
  }

  /// Throws what the schedule's own validate() throws; does nothing if it has none.
  void validate() const { held_->validate(); }

  [[nodiscard]] double operator()(const Progress& progress) const { return held_->value(progress); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual double value(const Progress& progress) const = 0;
    virtual void validate() const = 0;
  };

  template <class Kind>
  struct Held final : Interface {
    explicit Held(const Kind& given) : schedule(given) {}
    explicit Held(Kind&& given) : schedule(std::move(given)) {}

    double value(const Progress& progress) const override { return static_cast<double>(schedule(progress)); }
    void validate() const override {
      if constexpr (requires { schedule.validate(); }) schedule.validate();
    }

    Kind schedule;
  };

  std::shared_ptr<const Interface> held_;
};

}  // namespace schedules

using schedules::AnySchedule;

}  // namespace bvae
