#include "bvae/schedules/piecewise.hpp"

#include <cstdint>
#include <limits>

#include "support/catch.hpp"

using bvae::Epochs;
using bvae::Piecewise;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinRel;

TEST_CASE("Piecewise: goes through its points in lines, or in stairs", "[schedules]") {
  Piecewise beta{.points = {{Steps{2}, 1.0}, {Steps{6}, 3.0}, {Steps{6}, 0.5}, {Steps{8}, 0.0}}};
  const double lines[] = {1, 1, 1, 1.5, 2, 2.5, 0.5, 0.25, 0, 0};
  for (std::int64_t step = 0; step < 10; ++step) CHECK(beta(Progress::at(step, 4)) == lines[step]);
  beta.stairs = true;
  const double stairs[] = {1, 1, 1, 1, 1, 1, 0.5, 0.5, 0, 0};
  for (std::int64_t step = 0; step < 10; ++step) CHECK(beta(Progress::at(step, 4)) == stairs[step]);
  CHECK(Piecewise{.points = {{Epochs{3}, 7.0}}}(Progress::at(0, 4)) == 7);
}

TEST_CASE("Piecewise: takes steps and epochs, mixed, and per epoch", "[schedules]") {
  Piecewise beta{.points = {{Steps{2}, 0.0}, {Epochs{1.5}, 1.0}, {Steps{10}, 2.0}}};  // steps 2, 6, 10
  CHECK(beta(Progress::at(4, 4)) == 0.5);
  CHECK(beta(Progress::at(8, 4)) == 1.5);
  beta.per_epoch = true;
  CHECK(beta(Progress::at(7, 4)) == 0.5);
  // Of another batch size, so that the units come in another order.
  CHECK_THROWS_WITH(beta(Progress::at(0, 40)), ContainsSubstring("must not be before the last"));
}

TEST_CASE("Piecewise: gives NVAE's warm-up, table of the reference", "[schedules]") {
  // max(min((t - 0.1) / 300, 1), 1e-4)
  const Piecewise beta{.points = {{Epochs{.13}, 1e-4}, {Epochs{300.1}, 1.0}}};
  CHECK(beta(Progress::at(0, 1)) == 1e-4);
  CHECK_THAT(beta(Progress::at(1, 1)), WithinRel(.003, 1e-12));
  CHECK_THAT(beta(Progress::at(150, 1)), WithinRel(149.9 / 300, 1e-12));
  CHECK_THAT(beta(Progress::at(300, 1)), WithinRel(299.9 / 300, 1e-12));
  CHECK(beta(Progress::at(301, 1)) == 1);
}

TEST_CASE("Piecewise: refuses bad points, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](const Piecewise& schedule, const char* message) {
    CHECK_THROWS_WITH(schedule.validate(), ContainsSubstring(message));
    CHECK_THROWS_WITH(schedule(Progress{}), ContainsSubstring(message));
  };
  refused({}, "Piecewise: points must have");
  refused({.points = {{Steps{0}, nan}}}, "the value of a point");
  refused({.points = {{Epochs{nan}, 1.0}}}, "the time of a point");
  refused({.points = {{Steps{-1}, 1.0}}}, "the time of a point");
  refused({.points = {{Steps{4}, 1.0}, {Steps{3}, 1.0}}}, "must not be before the last");
}
