/// How far training is, and lengths of training. Every schedule is a function of a Progress.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include "bvae/core/message.hpp"

namespace bvae {

namespace detail {
[[noreturn, gnu::cold, gnu::noinline]] inline void refuse_steps_per_epoch(std::int64_t got) {
  throw std::invalid_argument(message("Progress: steps_per_epoch must be at least 1, got ", got));
}
}  // namespace detail

/// A length of training in optimizer steps (not negative).
struct Steps {
  std::int64_t count;
};

/// A length of training in epochs (finite, not negative; need not be whole).
struct Epochs {
  double count;
};

/// A point of training. `epoch` is `step / steps_per_epoch`; make one with Progress::at, which keeps the two in
/// agreement.
struct Progress {
  std::int64_t step = 0;             ///< optimizer steps done before this one, from 0
  double epoch = 0;                  ///< the same point in epochs, a real number
  std::int64_t steps_per_epoch = 1;  ///< at least 1
  std::int64_t total_steps = 0;      ///< length of the whole training in steps; 0: not known

  /// The point before step `step`. `epoch` is exact at whole epochs.
  /// \throws std::invalid_argument when steps_per_epoch < 1
  [[nodiscard]] static Progress at(std::int64_t step, std::int64_t steps_per_epoch, std::int64_t total_steps = 0) {
    if (steps_per_epoch < 1) detail::refuse_steps_per_epoch(steps_per_epoch);
    return {.step = step,
            .epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch),
            .steps_per_epoch = steps_per_epoch,
            .total_steps = total_steps};
  }
};

/// A length of training, written `Steps{500}` or `Epochs{10}`.
class Duration {
 public:
  constexpr Duration(Steps steps) noexcept : steps_(steps.count) {}
  constexpr Duration(Epochs epochs) noexcept : epochs_(epochs.count), in_epochs_(true) {}

  [[nodiscard]] constexpr bool in_epochs() const noexcept { return in_epochs_; }

  /// The number written by the user, in the user's unit.
  [[nodiscard]] constexpr double count() const noexcept { return in_epochs_ ? epochs_ : static_cast<double>(steps_); }

  /// The length in steps. Epochs that are no whole number of steps go to the nearest one; a length beyond 2^62 steps is
  /// 2^62 steps.
  [[nodiscard]] std::int64_t steps(std::int64_t steps_per_epoch) const noexcept {
    if (!in_epochs_) return std::min(steps_, kLongest);
    const double exact = epochs_ * static_cast<double>(steps_per_epoch);
    return exact < static_cast<double>(kLongest) ? std::llround(exact) : kLongest;
  }

  /// The length in epochs.
  [[nodiscard]] constexpr double epochs(std::int64_t steps_per_epoch) const noexcept {
    return in_epochs_ ? epochs_ : static_cast<double>(steps_) / static_cast<double>(steps_per_epoch);
  }

 private:
  static constexpr std::int64_t kLongest = std::int64_t{1} << 62;

  std::int64_t steps_ = 0;
  double epochs_ = 0;
  bool in_epochs_ = false;
};

/// How much of a duration that began at step 0 has passed: 0 before its start, 1 from its end on. A duration of length
/// zero has passed from step 0 on. Exact: `min(1, epoch / n)` for Epochs{n}, `min(1, step / n)` for Steps{n}.
[[nodiscard]] inline double fraction_passed(const Progress& progress, const Duration& duration) noexcept {
  const double now = duration.in_epochs() ? progress.epoch : static_cast<double>(progress.step);
  if (now < 0) return 0.0;
  if (now >= duration.count()) return 1.0;
  return now / duration.count();
}

/// The same moment, counted from the end of a duration that began at step 0. Negative inside the duration. The end lies
/// on a whole step (Duration::steps).
[[nodiscard]] inline Progress progress_after(const Progress& progress, const Duration& duration) {
  const std::int64_t length = duration.steps(progress.steps_per_epoch);
  const std::int64_t total = progress.total_steps > 0 ? std::max<std::int64_t>(progress.total_steps - length, 0) : 0;
  Progress rest = Progress::at(progress.step - length, progress.steps_per_epoch, total);
  // A progress made by hand may count its epochs apart from its steps (say, after the batch size changed).
  if (progress.epoch != static_cast<double>(progress.step) / static_cast<double>(progress.steps_per_epoch)) {
    rest.epoch = progress.epoch - duration.epochs(progress.steps_per_epoch);
  }
  return rest;
}

/// The start of the epoch in which `progress` lies: what schedules with `per_epoch` look at.
[[nodiscard]] inline Progress epoch_start(const Progress& progress) noexcept {
  constexpr double kLongest = 4611686018427387904.0;  // 2^62
  Progress start = progress;
  start.epoch = std::floor(progress.epoch);
  start.step = static_cast<std::int64_t>(
      std::clamp(start.epoch * static_cast<double>(progress.steps_per_epoch), -kLongest, kLongest));
  return start;
}

}  // namespace bvae
