#pragma once

#include <cstddef>
#include <vector>

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Goes through given points: in straight lines, or in stairs. Before the first point it has the first value, after the
/// last one the last.
///
///     Piecewise{.points = {{Epochs{0}, 0.0}, {Epochs{5}, 1.0}, {Epochs{20}, 4.0}}}
///
/// - `points`: at least one; each is a time since step 0 and a finite value. None may be earlier than the one before
///   it; of two at the same time the later one counts from then on (a jump). Steps and epochs may be mixed.
/// - `stairs`: keep each value until the next point instead of going there in a line; default false
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument; where units are mixed only the
/// call can see an order that is wrong. Building allocates, calling does not.
struct Piecewise {
  struct Point {
    Duration at;
    double value;
  };

  std::vector<Point> points{};
  bool stairs = false;
  bool per_epoch = false;

  void validate() const {
    if (points.empty()) throw std::invalid_argument("Piecewise: points must have at least one");
    for (const Point& point : points) {
      detail::require_duration("Piecewise", "the time of a point", point.at);
      detail::require_finite("Piecewise", "the value of a point", point.value);
    }
    for (std::size_t i = 1; i < points.size(); ++i)
      if (points[i].at.in_epochs() == points[i - 1].at.in_epochs())
        require_order(points[i - 1].at.count(), points[i].at.count());
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Piecewise", progress);
    const Progress seen = per_epoch ? epoch_start(progress) : progress;
    // Counted in steps where all are, because epochs would round them.
    bool in_epochs = false;
    for (const Point& point : points) in_epochs = in_epochs || point.at.in_epochs();
    const auto time = [&](const Point& point) {
      return in_epochs ? point.at.epochs(progress.steps_per_epoch) : point.at.count();
    };
    for (std::size_t i = 1; i < points.size(); ++i) require_order(time(points[i - 1]), time(points[i]));

    const double now = in_epochs ? seen.epoch : static_cast<double>(seen.step);
    std::size_t next = 0;
    while (next < points.size() && time(points[next]) <= now) ++next;
    if (next == 0) return points.front().value;
    const Point& last = points[next - 1];
    if (stairs || next == points.size()) return last.value;
    return detail::line(last.value, points[next].value, (now - time(last)) / (time(points[next]) - time(last)));
  }

 private:
  static void require_order(double earlier, double later) {
    if (!(earlier <= later)) detail::refuse("Piecewise", "the time of a point", "must not be before the last", later);
  }
};

}  // namespace schedules

using schedules::Piecewise;

}  // namespace bvae
