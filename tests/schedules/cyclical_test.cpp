#include "bvae/schedules/cyclical.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using bvae::Cyclical;
using bvae::Epochs;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

TEST_CASE("Cyclical: four cycles in 40 steps, table of the reference", "[schedules]") {
  const std::vector<double> cycle = {0, .2, .4, .6, .8, 1, 1, 1, 1, 1};
  for (std::int64_t step = 0; step < 40; ++step) {
    const double expected = cycle[static_cast<std::size_t>(step % 10)];
    CHECK(Cyclical{}(Progress::at(step, 8, 40)) == expected);
    CHECK(Cyclical{.over = Steps{40}}(Progress::at(step, 8)) == expected);
    CHECK(Cyclical{.over = Epochs{5}}(Progress::at(step, 8, 1000)) == expected);
  }
}

TEST_CASE("Cyclical: 30 steps give a period of 7.5, table of the reference", "[schedules]") {
  const std::vector<std::int64_t> starts = {0, 7, 15, 22, 30};
  const std::vector<double> ramp = {0, 1 / 3.75, 2 / 3.75, 3 / 3.75, 1, 1, 1, 1};
  CHECK_THAT(ramp[1], WithinAbs(.2667, 5e-5));
  CHECK_THAT(ramp[2], WithinAbs(.5333, 5e-5));
  for (std::size_t cycle = 0; cycle < 4; ++cycle) {
    for (std::int64_t step = starts[cycle]; step < starts[cycle + 1]; ++step) {
      const double expected = ramp[static_cast<std::size_t>(step - starts[cycle])];
      CHECK_THAT(Cyclical{}(Progress::at(step, 10, 30)), WithinRel(expected, 1e-15));
    }
  }
}

TEST_CASE("Cyclical: cycle c begins at floor(c * period) for every length", "[schedules]") {
  for (int cycles = 1; cycles <= 12; ++cycles) {
    for (std::int64_t total = 1; total <= 60; ++total) {
      const Cyclical beta{.from = 0.25, .to = 0.75, .cycles = cycles, .ramp = 1e-9, .over = Steps{total}};
      std::vector<bool> begins(static_cast<std::size_t>(total), false);
      for (std::int64_t cycle = 0; cycle < cycles; ++cycle)
        begins[static_cast<std::size_t>(cycle * total / cycles)] = true;
      for (std::int64_t step = 0; step < total; ++step) {
        REQUIRE(beta(Progress::at(step, 7)) == (begins[static_cast<std::size_t>(step)] ? 0.25 : 0.75));
      }
    }
  }
}

TEST_CASE("Cyclical: holds its upper value after the last cycle, its lower one before the first", "[schedules]") {
  const Cyclical beta{.from = 0.1, .to = 3, .cycles = 2, .ramp = 1, .over = Steps{20}};
  CHECK_THAT(beta(Progress::at(19, 10)), WithinRel(0.1 + 2.9 * 0.9, 1e-15));
  CHECK(beta(Progress::at(20, 10)) == 3);
  CHECK(beta(Progress::at(1000, 10)) == 3);
  CHECK(beta(Progress::at(0, 10)) == 0.1);
  CHECK(beta(Progress::at(-5, 10)) == 0.1);
  CHECK(beta(Progress::at(10, 10)) == 0.1);
}

TEST_CASE("Cyclical: over a length of zero it is at its upper value", "[schedules]") {
  CHECK(Cyclical{.to = 2, .over = Steps{0}}(Progress::at(0, 10)) == 2);
  CHECK(Cyclical{.to = 2, .over = Epochs{0}}(Progress::at(0, 10, 40)) == 2);
}

TEST_CASE("Cyclical: the order of calls does not matter", "[schedules]") {
  const Cyclical beta{};
  std::vector<double> forwards;
  for (int step = 0; step < 33; ++step) forwards.push_back(beta(Progress::at(step, 3, 33)));
  for (int step = 32; step >= 0; --step) {
    REQUIRE(beta(Progress::at(step, 3, 33)) == forwards[static_cast<std::size_t>(step)]);
  }
}

TEST_CASE("Cyclical: without a length it needs to know the whole training", "[schedules]") {
  CHECK_THROWS_AS(Cyclical{}(Progress::at(0, 10)), std::invalid_argument);
  CHECK_THROWS_WITH(Cyclical{}(Progress::at(0, 10)), ContainsSubstring("Cyclical: without `over`"));
  CHECK_NOTHROW(Cyclical{}.validate());
}

TEST_CASE("Cyclical: refuses bad arguments, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](const Cyclical& schedule, const std::string& message) {
    CHECK_THROWS_AS(schedule.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(schedule.validate(), ContainsSubstring(message));
    CHECK_THROWS_AS(schedule(Progress::at(0, 10, 40)), std::invalid_argument);
  };
  refused({.from = nan}, "Cyclical: from");
  refused({.to = nan}, "Cyclical: to");
  refused({.cycles = 0}, "Cyclical: cycles");
  refused({.cycles = -4}, "Cyclical: cycles");
  refused({.ramp = 0}, "Cyclical: ramp");
  refused({.ramp = 1.5}, "Cyclical: ramp");
  refused({.ramp = -0.5}, "Cyclical: ramp");
  refused({.ramp = nan}, "Cyclical: ramp");
  refused({.over = Steps{-1}}, "Cyclical: over");
  refused({.over = Epochs{nan}}, "Cyclical: over");
  CHECK_THROWS_WITH(Cyclical{.over = Epochs{1e300}}(Progress::at(0, 10)), ContainsSubstring("below 2^63"));
  CHECK_THROWS_WITH(Cyclical{}(Progress{.steps_per_epoch = 0, .total_steps = 40}),
                    ContainsSubstring("Cyclical: steps_per_epoch"));
}

TEST_CASE("Cyclical: cosine and sigmoid ramps meet both ends exactly, also with a period of 7.5", "[schedules]") {
  const std::vector<std::int64_t> starts = {0, 7, 15, 22, 30};
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-(12 * v - 6))); };
  const auto cosine = [](double v) { return .5 - .5 * std::cos(std::acos(-1.0) * v); };
  for (std::size_t cycle = 0; cycle < 4; ++cycle) {
    for (std::int64_t step = starts[cycle]; step < starts[cycle + 1]; ++step) {
      const double v = static_cast<double>(step - starts[cycle]) / 3.75;
      const Progress now = Progress::at(step, 10, 30);
      const double smooth = Cyclical{.from = 0.5, .to = 2.5, .shape = bvae::RampShape::kCosine}(now);
      const double steep = Cyclical{.from = 0.5, .to = 2.5, .shape = bvae::RampShape::kSigmoid}(now);
      if (v == 0 || v >= 1) {
        CHECK(smooth == (v == 0 ? 0.5 : 2.5));
        CHECK(steep == (v == 0 ? 0.5 : 2.5));
      } else {
        CHECK_THAT(smooth, WithinRel(0.5 + 2 * cosine(v), 1e-14));
        CHECK_THAT(steep, WithinRel(0.5 + 2 * sigmoid(v), 1e-14));
      }
    }
  }
}

TEST_CASE("Cyclical: per epoch it keeps the value of the epoch's first step", "[schedules]") {
  const Cyclical each{.cycles = 2};
  const Cyclical beta{.cycles = 2, .per_epoch = true};
  for (std::int64_t step = 0; step < 50; ++step)
    CHECK(beta(Progress::at(step, 4, 40)) == each(Progress::at(step / 4 * 4, 4, 40)));
}
