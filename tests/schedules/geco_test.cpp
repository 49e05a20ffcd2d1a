#include "bvae/schedules/geco.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using bvae::Geco;
using bvae::Observation;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

TEST_CASE("Geco: follows its formula", "[schedules]") {
  Geco geco{.reconstruction = 10, .from = 2, .decay = 0.5, .every = Steps{2}, .rate = 0.01, .fastest = 1.05};
  CHECK(geco(Progress{}) == 2);
  double average = 0;
  double lambda = 0.5;
  const double seen[] = {14, 10, 9, 3, 30, 40, 8, 5};
  for (int i = 0; i < 8; ++i) {
    geco.observe(Progress{}, {.reconstruction = seen[i], .kl = -1e9});
    average = i == 0 ? seen[0] - 10 : 0.5 * average + 0.5 * (seen[i] - 10);
    if (i % 2 == 1) lambda *= std::min(std::max(std::exp(0.01 * average), 0.9), 1.05);
    CHECK_THAT(geco(Progress{}), WithinRel(1 / lambda, 1e-14));
  }
}

TEST_CASE("Geco: with its defaults a change in 100 steps, by 0.9 or 1.1 at most", "[schedules]") {
  Geco bad{.reconstruction = 100};
  Geco good{.reconstruction = 100};
  for (int i = 1; i <= 200; ++i) {
    bad.observe(Progress{}, {.reconstruction = 1e300});
    good.observe(Progress{}, {.reconstruction = 0});
    const int changes = i / 100;
    CHECK_THAT(bad(Progress{}), WithinRel(std::pow(1.1, -changes), 1e-14));
    CHECK_THAT(good(Progress{}), WithinRel(std::pow(0.9, -changes), 1e-14));
  }
}

TEST_CASE("Geco: brings a toy problem to its target", "[schedules]") {
  // A model that follows beta slowly: reconstruction between 60 and 160 nats, 110 at beta = 2.
  for (const double start : {0.01, 1.0, 50.0}) {
    Geco geco{.reconstruction = 110, .from = start, .every = Steps{1}, .rate = 0.001};
    double reconstruction = 160;
    for (int step = 0; step < 20000; ++step) {
      const double beta = geco(Progress{});
      reconstruction += 0.05 * (60 + 100 * beta / (beta + 2) - reconstruction);
      geco.observe(Progress{}, {.reconstruction = reconstruction + (step % 2 == 0 ? 3 : -3)});
    }
    CHECK_THAT(reconstruction, WithinAbs(110, 0.2));
    CHECK_THAT(geco(Progress{}), WithinAbs(2, 0.02));
  }
}

TEST_CASE("Geco: beta stays in its limits, and leaves them at once", "[schedules]") {
  Geco geco{.reconstruction = 10, .decay = 0, .every = Steps{1}, .beta_min = 0.5, .beta_max = 2};
  for (int i = 0; i < 50; ++i) geco.observe(Progress{}, {.reconstruction = 20});
  CHECK(geco(Progress{}) == 0.5);
  geco.observe(Progress{}, {.reconstruction = 0});
  CHECK_THAT(geco(Progress{}), WithinRel(0.5 / 0.9, 1e-14));
  for (int i = 0; i < 50; ++i) geco.observe(Progress{}, {.reconstruction = 0});
  CHECK(geco(Progress{}) == 2);
}

TEST_CASE("Geco: goes on from a state, bit by bit", "[schedules]") {
  const Geco start{.reconstruction = 10, .every = Steps{3}, .rate = 0.03};
  const auto seen = [](int i) { return Observation{.reconstruction = 10 + 5 * std::sin(i)}; };
  Geco whole = start;
  Geco first = start;
  for (int i = 0; i < 10; ++i) {
    whole.observe(Progress{}, seen(i));
    first.observe(Progress{}, seen(i));
  }
  const std::vector<double> saved(first.state().begin(), first.state().end());
  Geco second = start;
  second.restore(saved);
  for (int i = 10; i < 30; ++i) {
    CHECK(second(Progress{}) == whole(Progress{}));
    whole.observe(Progress{}, seen(i));
    second.observe(Progress{}, seen(i));
  }
  Geco fresh = start;
  fresh.restore(start.state());
  CHECK(fresh(Progress{}) == 1);
}

TEST_CASE("Geco: refuses bad arguments, observations and states", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](Geco schedule, const std::string& message) {
    CHECK_THROWS_AS(schedule.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(schedule(Progress{}), ContainsSubstring(message));
    CHECK_THROWS_WITH(schedule.observe(Progress{}, {}), ContainsSubstring(message));
  };
  refused({}, "Geco: reconstruction (the target, which must be given)");
  refused({.reconstruction = 1, .from = nan}, "Geco: from");
  refused({.reconstruction = 1, .from = 0}, "Geco: from");
  refused({.reconstruction = 1, .decay = 1}, "Geco: decay");
  refused({.reconstruction = 1, .decay = nan}, "Geco: decay");
  refused({.reconstruction = 1, .every = Steps{0}}, "Geco: every");
  refused({.reconstruction = 1, .rate = 0}, "Geco: rate");
  refused({.reconstruction = 1, .slowest = 1}, "Geco: slowest");
  refused({.reconstruction = 1, .fastest = 1}, "Geco: fastest");
  refused({.reconstruction = 1, .beta_min = 0}, "Geco: beta_min");
  refused({.reconstruction = 1, .beta_min = 2, .beta_max = 1}, "Geco: beta_max");
  refused({.reconstruction = 1, .beta_max = nan}, "Geco: beta_max");

  Geco geco{.reconstruction = 1};
  geco.observe(Progress{}, {.reconstruction = 3});
  const std::vector<double> before(geco.state().begin(), geco.state().end());
  CHECK_THROWS_WITH(geco.observe(Progress{}, {.reconstruction = nan}), ContainsSubstring("Geco: the observed"));
  CHECK_THROWS_WITH(geco.restore(std::vector<double>{1, 2}), ContainsSubstring("a state has 3 numbers, got 2"));
  CHECK_THROWS_WITH(geco.restore(std::vector<double>{1, nan, 2}), ContainsSubstring("of the state must be finite"));
  CHECK_THROWS_WITH(geco.restore(std::vector<double>{1.5, 0, 2}), ContainsSubstring("must be whole"));
  CHECK_THROWS_WITH(geco.restore(std::vector<double>{1, 0, 0}), ContainsSubstring("the state's beta"));
  CHECK(std::vector<double>(geco.state().begin(), geco.state().end()) == before);
}
