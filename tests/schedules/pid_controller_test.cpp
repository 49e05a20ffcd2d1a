#include "bvae/schedules/pid_controller.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using bvae::Observation;
using bvae::PidController;
using bvae::Progress;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

double after(PidController& pid, double kl) {
  pid.observe(Progress{}, {.reconstruction = 1e9, .kl = kl});
  return pid(Progress{});
}

}  // namespace

TEST_CASE("PidController: at the set point beta is kp / 2, value of the reference", "[schedules]") {
  PidController pid{.kl = 20};
  CHECK(pid(Progress{}) == 0);
  CHECK(after(pid, 20) == 0.005);
  PidController shifted{.kl = 20, .beta_min = 1, .beta_max = 3};
  CHECK(shifted(Progress{}) == 1);
  CHECK(after(shifted, 20) == 1.005);
}

TEST_CASE("PidController: between its limits it follows ControlVAE's formula, and a derivative", "[schedules]") {
  PidController pid{.kl = 10, .kp = 0.2, .ki = 0.01, .kd = 0.003, .beta_max = 100};
  double integral = 0;
  double last = 0;
  for (int i = 0; i < 50; ++i) {
    const double kl = 12 + i * 0.1 + std::sin(i);
    const double e = 10 - kl;
    integral -= 0.01 * e;
    const double expected = 0.2 / (1 + std::exp(e)) + integral - (i == 0 ? 0 : 0.003 * (e - last));
    last = e;
    CHECK_THAT(after(pid, kl), WithinRel(expected, 1e-13));
  }
}

TEST_CASE("PidController: an error of any size overflows nothing", "[schedules]") {
  PidController pid{.kl = 1e300};
  CHECK(after(pid, 0) == 0);
  PidController other{.kl = 1};
  CHECK(after(other, 1e300) == 1);
}

TEST_CASE("PidController: the integral stops at the upper limit, and beta leaves it at once", "[schedules]") {
  PidController pid{.kl = 10, .kp = 0.01, .ki = 0.01, .beta_max = 0.5};
  for (int i = 0; i < 1000; ++i) after(pid, 30);
  CHECK(pid(Progress{}) == 0.5);
  CHECK_THAT(pid.state()[1], WithinAbs(0.49, 1e-8));  // the limit less P, not the 200 of 1000 steps
  const double next = after(pid, 8);                  // a little too little
  CHECK_THAT(next, WithinAbs(0.49 - 0.02 + 0.01 / (1 + std::exp(2)), 1e-8));
  CHECK(next < 0.5);
}

TEST_CASE("PidController: the integral stops at the lower limit, and beta leaves it at once", "[schedules]") {
  PidController pid{.kl = 10, .kp = 0.01, .ki = 0.01, .beta_min = 0.1};
  for (int i = 0; i < 1000; ++i) after(pid, 0);
  CHECK(pid(Progress{}) == 0.1);
  CHECK(pid.state()[1] <= 0);
  CHECK(pid.state()[1] >= -0.01);
  CHECK(after(pid, 12) > 0.1 + 0.02);
}

TEST_CASE("PidController: brings a toy problem to its set point, also out of a long saturation", "[schedules]") {
  // A model that follows beta slowly: KL between 5 and 60 nats, 20 at beta = 0.55.
  PidController pid{.kl = 20, .kp = 0.01, .ki = 0.0005, .beta_max = 2};
  double kl = 0;
  const auto run = [&](int steps, double extra) {
    for (int i = 0; i < steps; ++i) {
      kl += 0.1 * (5 + 55 * std::exp(-pid(Progress{}) * std::log(55.0 / 15) / 0.55) + extra - kl);
      after(pid, kl);
    }
  };
  run(3000, 0);
  CHECK_THAT(kl, WithinAbs(20, 0.05));
  CHECK_THAT(pid(Progress{}), WithinAbs(0.55, 0.01));
  run(3000, 100);  // cannot be controlled
  CHECK(pid(Progress{}) == 2);
  run(1000, 0);
  CHECK_THAT(kl, WithinAbs(20, 0.05));
}

TEST_CASE("PidController: goes on from a state, bit by bit", "[schedules]") {
  const PidController start{.kl = 10, .ki = 0.01, .kd = 0.002};
  const auto seen = [](int i) { return 10 + 5 * std::sin(i) + 0.1 * i; };
  PidController whole = start;
  for (int i = 0; i < 10; ++i) after(whole, seen(i));
  PidController second = start;
  second.restore(whole.state());
  for (int i = 10; i < 30; ++i) {
    CHECK(second(Progress{}) == whole(Progress{}));
    after(whole, seen(i));
    after(second, seen(i));
  }
  CHECK(std::equal(whole.state().begin(), whole.state().end(), second.state().begin(), second.state().end()));
}

TEST_CASE("PidController: refuses bad arguments, observations and states", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](PidController schedule, const std::string& message) {
    CHECK_THROWS_AS(schedule.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(schedule(Progress{}), ContainsSubstring(message));
    CHECK_THROWS_WITH(schedule.observe(Progress{}, {}), ContainsSubstring(message));
  };
  refused({}, "PidController: kl (the set point, which must be given)");
  refused({.kl = -1}, "PidController: kl");
  refused({.kl = 1, .kp = -1}, "PidController: kp");
  refused({.kl = 1, .ki = nan}, "PidController: ki");
  refused({.kl = 1, .kd = -1}, "PidController: kd");
  refused({.kl = 1, .beta_min = -1}, "PidController: beta_min");
  refused({.kl = 1, .beta_min = 1, .beta_max = 1}, "PidController: beta_max");
  refused({.kl = 1, .beta_max = nan}, "PidController: beta_max");

  PidController pid{.kl = 1};
  CHECK_THROWS_WITH(after(pid, nan), ContainsSubstring("PidController: the observed KL"));
  CHECK_THROWS_WITH(pid.restore(std::vector<double>(3)), ContainsSubstring("a state has 4 numbers, got 3"));
  CHECK_THROWS_WITH(pid.restore(std::vector<double>{1, nan, 0, 0}), ContainsSubstring("of the state must be finite"));
  CHECK_THROWS_WITH(pid.restore(std::vector<double>{-1, 0, 0, 0}), ContainsSubstring("must be whole"));
  CHECK_THROWS_WITH(pid.restore(std::vector<double>{1, 0, 0, 2}), ContainsSubstring("the state's beta"));
  CHECK(pid.state()[0] == 0);
}
