#include "bvae/schedules/progress.hpp"

#include <cstdint>
#include <stdexcept>
#include <type_traits>

#include "support/catch.hpp"

using bvae::Duration;
using bvae::Epochs;
using bvae::Progress;
using bvae::Steps;

static_assert(std::is_convertible_v<Steps, Duration> && std::is_convertible_v<Epochs, Duration>);
static_assert(!std::is_convertible_v<int, Duration>, "a bare number has no unit");

TEST_CASE("Progress: at() gives whole epochs exactly", "[schedules]") {
  for (const std::int64_t per_epoch : {1, 3, 7, 469, 60000}) {
    for (std::int64_t epoch = 0; epoch < 200; ++epoch) {
      const Progress progress = Progress::at(epoch * per_epoch, per_epoch, 200 * per_epoch);
      REQUIRE(progress.epoch == static_cast<double>(epoch));
      REQUIRE(progress.total_steps == 200 * per_epoch);
    }
  }
  CHECK(Progress::at(7, 4, 0).epoch == 1.75);
  CHECK_THROWS_AS(Progress::at(0, 0, 0), std::invalid_argument);
  CHECK_THROWS_WITH(Progress::at(0, -1, 0), ContainsSubstring("steps_per_epoch"));
}

TEST_CASE("Duration: converts between steps and epochs", "[schedules]") {
  CHECK(Duration(Epochs{2.5}).steps(10) == 25);
  CHECK(Duration(Epochs{0.29}).steps(100) == 29);  // 0.29 * 100 lies just below 29
  CHECK(Duration(Epochs{0.07}).steps(100) == 7);   // 0.07 * 100 lies just above 7
  CHECK(Duration(Epochs{0.7}).steps(1) == 1);
  CHECK(Duration(Epochs{1e300}).steps(10) == std::int64_t{1} << 62);
  CHECK(Duration(Steps{25}).steps(10) == 25);
  CHECK(Duration(Steps{25}).epochs(10) == 2.5);
  CHECK(Duration(Epochs{2.5}).epochs(10) == 2.5);
  CHECK(Duration(Steps{25}).count() == 25);
}

TEST_CASE("fraction_passed: runs from 0 to 1 and stays there", "[schedules]") {
  CHECK(fraction_passed(Progress::at(-1, 10), Steps{20}) == 0);
  CHECK(fraction_passed(Progress::at(0, 10), Steps{20}) == 0);
  CHECK(fraction_passed(Progress::at(5, 10), Steps{20}) == 0.25);
  CHECK(fraction_passed(Progress::at(5, 10), Epochs{2}) == 0.25);
  CHECK(fraction_passed(Progress::at(20, 10), Steps{20}) == 1);
  CHECK(fraction_passed(Progress::at(21, 10), Epochs{2}) == 1);
}

TEST_CASE("fraction_passed: a length of zero has passed from its start on", "[schedules]") {
  for (const Duration zero : {Duration(Steps{0}), Duration(Epochs{0})}) {
    CHECK(fraction_passed(Progress::at(-1, 10), zero) == 0);
    CHECK(fraction_passed(Progress::at(0, 10), zero) == 1);
    CHECK(fraction_passed(Progress::at(9, 10), zero) == 1);
  }
}

TEST_CASE("progress_after: counts from the end of the duration", "[schedules]") {
  for (const Duration length : {Duration(Steps{25}), Duration(Epochs{2.5})}) {
    const Progress rest = progress_after(Progress::at(32, 10, 100), length);
    CHECK(rest.step == 7);
    CHECK(rest.epoch == 0.7);
    CHECK(rest.steps_per_epoch == 10);
    CHECK(rest.total_steps == 75);
  }
  CHECK(progress_after(Progress::at(3, 10), Epochs{1}).step == -7);
  CHECK(progress_after(Progress::at(3, 10, 5), Epochs{1}).total_steps == 0);
}

TEST_CASE("progress_after: is as exact as if training began there", "[schedules]") {
  for (std::int64_t step = 0; step < 60; ++step) {
    const Progress rest = progress_after(Progress::at(step + 3, 10), Epochs{0.3});
    REQUIRE(rest.epoch == Progress::at(step, 10).epoch);
  }
}

TEST_CASE("progress_after: keeps epochs that were counted apart from the steps", "[schedules]") {
  const Progress progress{.step = 0, .epoch = 3.5};
  CHECK(progress_after(progress, Epochs{0}).epoch == 3.5);
  CHECK(progress_after(progress, Epochs{2}).epoch == 1.5);
}

TEST_CASE("epoch_start: goes back to the first step of the epoch", "[schedules]") {
  const Progress start = epoch_start(Progress::at(29, 10, 100));
  CHECK(start.step == 20);
  CHECK(start.epoch == 2);
  CHECK(start.total_steps == 100);
  CHECK(epoch_start(Progress::at(20, 10)).step == 20);
}
