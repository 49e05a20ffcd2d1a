#include "bvae/schedules/cosine.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"

using bvae::Cosine;
using bvae::Epochs;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinAbs;

TEST_CASE("Cosine: half a wave, both ends exact, in steps and epochs that need not be whole", "[schedules]") {
  const double pi = std::acos(-1.0);
  const auto follows = [&](const Cosine& beta, double length) {
    for (std::int64_t step = 0; step < 40; ++step) {
      const double v = std::min(1.0, static_cast<double>(step) / length);
      CHECK_THAT(beta(Progress::at(step, 8)), WithinAbs(3 - 2.5 * (.5 - .5 * std::cos(pi * v)), 1e-14));
    }
  };
  follows({.from = 3, .to = 0.5, .over = Steps{30}}, 30);
  follows({.from = 3, .to = 0.5, .over = Epochs{2.3}}, 18.4);
  const Cosine beta{.from = 0.1, .to = 0.7, .over = Steps{30}};
  CHECK(beta(Progress::at(-1, 8)) == 0.1);
  CHECK(beta(Progress::at(0, 8)) == 0.1);
  CHECK(beta(Progress::at(30, 8)) == 0.7);
  CHECK(beta(Progress::at(1000, 8)) == 0.7);
  CHECK(Cosine{.over = Steps{0}}(Progress::at(0, 8)) == 1);
}

TEST_CASE("Cosine: per epoch it keeps the value of the epoch's first step", "[schedules]") {
  const Cosine each{.over = Epochs{3}};
  const Cosine beta{.over = Epochs{3}, .per_epoch = true};
  for (std::int64_t step = 0; step < 40; ++step)
    CHECK(beta(Progress::at(step, 8)) == each(Progress::at(step / 8 * 8, 8)));
}

TEST_CASE("Cosine: refuses bad arguments, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(Cosine{.from = nan}.validate(), ContainsSubstring("Cosine: from"));
  CHECK_THROWS_WITH(Cosine{.to = nan}(Progress{}), ContainsSubstring("Cosine: to"));
  CHECK_THROWS_WITH(Cosine{.over = Epochs{-1}}(Progress{}), ContainsSubstring("Cosine: over"));
  CHECK_THROWS_WITH(Cosine{}(Progress{.steps_per_epoch = 0}), ContainsSubstring("Cosine: steps_per_epoch"));
}
