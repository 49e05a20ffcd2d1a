#include "bvae/schedules/linear.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using bvae::Epochs;
using bvae::LinearSchedule;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinRel;

TEST_CASE("LinearSchedule: meets both ends exactly and stays at the second", "[schedules]") {
  const LinearSchedule rising{.from = 0.1, .to = 0.7, .over = Steps{7}};
  CHECK(rising(Progress::at(-3, 10)) == 0.1);
  CHECK(rising(Progress::at(0, 10)) == 0.1);
  CHECK(rising(Progress::at(7, 10)) == 0.7);
  CHECK(rising(Progress::at(8, 10)) == 0.7);
  CHECK(rising(Progress::at(1000000, 10)) == 0.7);
}

TEST_CASE("LinearSchedule: steps and epochs give the same line", "[schedules]") {
  const LinearSchedule by_step{.from = 1, .to = 3, .over = Steps{40}};
  const LinearSchedule by_epoch{.from = 1, .to = 3, .over = Epochs{4}};
  for (int step = 0; step <= 50; ++step) {
    const double expected = step < 40 ? 1 + 2 * (step / 40.0) : 3.0;
    CHECK_THAT(by_step(Progress::at(step, 10)), WithinRel(expected, 1e-15));
    CHECK_THAT(by_epoch(Progress::at(step, 10)), WithinRel(expected, 1e-15));
  }
}

TEST_CASE("LinearSchedule: may fall, and never leaves its ends", "[schedules]") {
  const LinearSchedule falling{.from = 1e-3, .to = 1e-5, .over = Steps{997}};
  double before = falling(Progress::at(0, 1));
  CHECK(before == 1e-3);
  for (int step = 1; step <= 1000; ++step) {
    const double now = falling(Progress::at(step, 1));
    REQUIRE(now <= before);
    REQUIRE(now >= 1e-5);
    before = now;
  }
  CHECK(before == 1e-5);
  const LinearSchedule huge{.from = -1e308, .to = 1.7e308, .over = Steps{2}};
  CHECK(huge(Progress::at(1, 1)) <= 1.7e308);
}

TEST_CASE("LinearSchedule: capacity table of the reference", "[schedules]") {
  const LinearSchedule capacity{.from = 0, .to = 100, .over = Steps{100}};
  CHECK(capacity(Progress::at(0, 10)) == 0);
  CHECK(capacity(Progress::at(10, 10)) == 10);
  CHECK(capacity(Progress::at(100, 10)) == 100);
  CHECK(capacity(Progress::at(101, 10)) == 100);
}

TEST_CASE("LinearSchedule: over a length of zero it is at its end from step 0 on", "[schedules]") {
  CHECK(LinearSchedule{.from = 2, .to = 5, .over = Steps{0}}(Progress::at(0, 10)) == 5);
  CHECK(LinearSchedule{.from = 2, .to = 5, .over = Epochs{0}}(Progress::at(0, 10)) == 5);
}

TEST_CASE("LinearSchedule: per_epoch changes only where an epoch begins", "[schedules]") {
  const LinearSchedule by_epoch{.from = 0, .to = 1, .over = Epochs{4}, .per_epoch = true};
  const LinearSchedule by_step{.from = 0, .to = 1, .over = Steps{40}, .per_epoch = true};
  for (int step = 0; step < 60; ++step) {
    const double expected = step / 10 < 4 ? 0.25 * (step / 10) : 1.0;
    CHECK(by_epoch(Progress::at(step, 10)) == expected);
    CHECK(by_step(Progress::at(step, 10)) == expected);
  }
}

TEST_CASE("LinearSchedule: the order of calls does not matter", "[schedules]") {
  const LinearSchedule line{.from = 0.3, .to = 0.9, .over = Epochs{3}};
  std::vector<double> forwards;
  for (int step = 0; step < 40; ++step) forwards.push_back(line(Progress::at(step, 10)));
  for (int step = 39; step >= 0; --step) {
    REQUIRE(line(Progress::at(step, 10)) == forwards[static_cast<std::size_t>(step)]);
  }
}

TEST_CASE("LinearSchedule: refuses bad arguments, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto refused = [](const LinearSchedule& schedule, const std::string& message) {
    CHECK_THROWS_AS(schedule.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(schedule.validate(), ContainsSubstring(message));
    CHECK_THROWS_AS(schedule(Progress{}), std::invalid_argument);
  };
  refused({.from = nan}, "Linear schedule: from");
  refused({.to = infinity}, "Linear schedule: to");
  refused({.over = Epochs{-1}}, "Linear schedule: over");
  refused({.over = Epochs{nan}}, "Linear schedule: over");
  refused({.over = Epochs{infinity}}, "Linear schedule: over");
  refused({.over = Steps{-1}}, "-1 steps");
  CHECK_THROWS_WITH(LinearSchedule{}(Progress{.steps_per_epoch = 0}), ContainsSubstring("steps_per_epoch"));
  CHECK_THROWS_WITH(LinearSchedule{}(Progress{.epoch = nan}), ContainsSubstring("epoch"));
}
