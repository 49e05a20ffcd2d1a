/// The contracts of schedules: apart from the others because they need nothing else.
#pragma once

#include <concepts>
#include <span>

namespace bvae {

/// A function of progress. Pure: the same progress gives the same value.
template <class S, class Progress>
concept ScheduleOf = std::copy_constructible<S> && requires(const S& schedule, const Progress& progress) {
  { schedule(progress) } -> std::convertible_to<double>;
};

/// A schedule that also observes the run. The call is pure as ever: a function of the progress and of the schedule's
/// state, which only `observe` and `restore` change. The trainer calls `observe` once after each step of training, with
/// the progress of that step and what it gave, and never in an evaluation. `state()` is all that the schedule
/// remembers, as numbers: whoever puts them into a schedule with the same arguments by `restore` has it go on from
/// there. `observe` must not allocate; `restore` throws std::invalid_argument for a state that is not its own.
template <class S, class Progress, class Observation>
concept FeedbackScheduleOf =
    ScheduleOf<S, Progress> && requires(S& schedule, const S& same, const Progress& progress,
                                        const Observation& observation, std::span<const double> saved) {
      schedule.observe(progress, observation);
      { same.state() } -> std::convertible_to<std::span<const double>>;
      schedule.restore(saved);
    };

/// Has observe() or restore(), so it is meant to be a feedback schedule.
template <class S>
inline constexpr bool kMeansFeedback = requires { &S::observe; } || requires { &S::restore; };

/// Whether a schedule is one: where only a run shows it (AnySchedule), what `is_feedback()` says.
template <class S>
[[nodiscard]] constexpr bool is_feedback(const S& schedule) {
  if constexpr (requires { schedule.is_feedback(); }) {
    return schedule.is_feedback();
  } else {
    return requires(S& same, std::span<const double> saved) { same.restore(saved); };
  }
}

}  // namespace bvae
