#include "bvae/schedules/warm_up.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

using bvae::Epochs;
using bvae::Progress;
using bvae::Steps;
using bvae::WarmUp;
using Catch::Matchers::WithinRel;

TEST_CASE("WarmUp: per epoch it is exactly min(1, epoch / n)", "[schedules]") {
  for (const int n : {1, 2, 3, 7, 10, 100, 200, 365, 400}) {
    const WarmUp beta{.over = Epochs{static_cast<double>(n)}, .per_epoch = true};
    for (const int steps_per_epoch : {1, 3, 469}) {
      for (int epoch = 0; epoch < n + 3; ++epoch) {
        const double expected = std::min(1.0, static_cast<double>(epoch) / n);
        REQUIRE(beta(Progress::at(std::int64_t{epoch} * steps_per_epoch, steps_per_epoch)) == expected);
        REQUIRE(beta(Progress::at((std::int64_t{epoch} + 1) * steps_per_epoch - 1, steps_per_epoch)) == expected);
      }
    }
  }
}

TEST_CASE("WarmUp: by default rises from 0 to 1 within ten epochs", "[schedules]") {
  CHECK(WarmUp{}(Progress::at(0, 4)) == 0);
  CHECK(WarmUp{}(Progress::at(1, 4)) == 0.025);
  CHECK(WarmUp{}(Progress::at(20, 4)) == 0.5);
  CHECK(WarmUp{}(Progress::at(40, 4)) == 1);
  CHECK(WarmUp{}(Progress::at(41, 4)) == 1);
  CHECK(WarmUp{}(Progress::at(-1, 4)) == 0);
}

TEST_CASE("WarmUp: holds, rises, stays", "[schedules]") {
  const WarmUp by_epoch{.from = 0.1, .to = 4.0, .hold = Epochs{0.3}, .over = Epochs{0.7}};
  const WarmUp by_step{.from = 0.1, .to = 4.0, .hold = Steps{3}, .over = Steps{7}};
  for (int step = 0; step < 15; ++step) {
    const Progress progress = Progress::at(step, 10);
    if (step <= 3) {
      CHECK(by_epoch(progress) == 0.1);
      CHECK(by_step(progress) == 0.1);
    } else if (step < 10) {
      const double expected = 0.1 + 3.9 * (step - 3) / 7.0;
      CHECK_THAT(by_epoch(progress), WithinRel(expected, 1e-14));
      CHECK_THAT(by_step(progress), WithinRel(expected, 1e-14));
    } else {
      CHECK(by_epoch(progress) == 4.0);
      CHECK(by_step(progress) == 4.0);
    }
  }
}

TEST_CASE("WarmUp: holds per epoch too", "[schedules]") {
  const WarmUp beta{.hold = Epochs{2}, .over = Epochs{4}, .per_epoch = true};
  for (int step = 0; step < 80; ++step) {
    const int epoch = step / 10;
    CHECK(beta(Progress::at(step, 10)) == std::clamp((epoch - 2) / 4.0, 0.0, 1.0));
  }
}

TEST_CASE("WarmUp: over a length of zero it jumps when the hold ends", "[schedules]") {
  const WarmUp jump{.from = 0.5, .to = 2, .hold = Steps{3}, .over = Steps{0}};
  CHECK(jump(Progress::at(2, 10)) == 0.5);
  CHECK(jump(Progress::at(3, 10)) == 2);
  CHECK(WarmUp{.over = Epochs{0}}(Progress::at(0, 10)) == 1);
}

TEST_CASE("WarmUp: the order of calls does not matter", "[schedules]") {
  const WarmUp beta{.hold = Steps{3}, .over = Epochs{1}};
  const double late = beta(Progress::at(9, 10));
  const double early = beta(Progress::at(4, 10));
  CHECK(beta(Progress::at(9, 10)) == late);
  CHECK(beta(Progress::at(4, 10)) == early);
  CHECK(early < late);
}

TEST_CASE("WarmUp: refuses bad arguments, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](const WarmUp& schedule, const std::string& message) {
    CHECK_THROWS_AS(schedule.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(schedule.validate(), ContainsSubstring(message));
    CHECK_THROWS_AS(schedule(Progress{}), std::invalid_argument);
  };
  refused({.from = nan}, "WarmUp: from");
  refused({.to = -std::numeric_limits<double>::infinity()}, "WarmUp: to");
  refused({.hold = Epochs{-0.5}}, "WarmUp: hold");
  refused({.hold = Steps{-1}}, "WarmUp: hold");
  refused({.over = Epochs{nan}}, "WarmUp: over");
  refused({.over = Steps{-2}}, "WarmUp: over");
  CHECK_THROWS_WITH(WarmUp{}(Progress{.steps_per_epoch = -1}), ContainsSubstring("WarmUp: steps_per_epoch"));
}
