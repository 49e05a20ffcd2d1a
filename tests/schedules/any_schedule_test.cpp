#include "bvae/schedules/any_schedule.hpp"

#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "bvae/divergences/capacity.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/cyclical.hpp"
#include "bvae/schedules/geco.hpp"
#include "bvae/schedules/linear.hpp"
#include "bvae/schedules/pid_controller.hpp"
#include "bvae/schedules/sequence.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "support/catch.hpp"

using bvae::AnySchedule;
using bvae::Constant;
using bvae::Cyclical;
using bvae::Epochs;
using bvae::LinearSchedule;
using bvae::PidController;
using bvae::Progress;
using bvae::Steps;
using bvae::WarmUp;

namespace {

struct NotCopyable {
  std::unique_ptr<int> owned;
  double operator()(const Progress&) const { return 0; }
};
struct NotConst {
  double operator()(const Progress&) { return 0; }
};
struct NotANumber {
  std::string operator()(const Progress&) const { return {}; }
};

double half(const Progress&) { return 0.5; }

}  // namespace

static_assert(std::is_convertible_v<Constant, AnySchedule> && std::is_convertible_v<WarmUp&, AnySchedule>);
static_assert(!std::is_convertible_v<NotCopyable, AnySchedule>);
static_assert(!std::is_convertible_v<NotConst, AnySchedule>);
static_assert(!std::is_convertible_v<NotANumber, AnySchedule>);
static_assert(!std::is_convertible_v<double, AnySchedule>);

TEST_CASE("AnySchedule: gives what the schedule inside gives", "[schedules]") {
  const std::vector<AnySchedule> schedules = {Constant{2}, LinearSchedule{.from = 1, .to = 3, .over = Steps{4}},
                                              WarmUp{.over = Epochs{0.5}}, Cyclical{}};
  const Progress progress = Progress::at(2, 10, 40);
  CHECK(schedules[0](progress) == 2);
  CHECK(schedules[1](progress) == 2);
  CHECK(schedules[2](progress) == 0.4);
  CHECK(schedules[3](progress) == 0.4);
}

TEST_CASE("AnySchedule: takes lambdas, functions and other number types", "[schedules]") {
  const double slope = 0.25;
  const AnySchedule lambda = [slope](const Progress& progress) { return slope * progress.epoch; };
  const AnySchedule whole = [](const Progress& progress) { return static_cast<float>(progress.step); };
  const AnySchedule function = half;
  CHECK(lambda(Progress::at(20, 10)) == 0.5);
  CHECK(whole(Progress::at(20, 10)) == 20);
  CHECK(function(Progress{}) == 0.5);
}

TEST_CASE("AnySchedule: is copied, assigned and moved like a value", "[schedules]") {
  AnySchedule first = Constant{1};
  AnySchedule second = first;
  first = Constant{5};
  CHECK(first(Progress{}) == 5);
  CHECK(second(Progress{}) == 1);
  second = first;
  const AnySchedule third = std::move(first);
  CHECK(second(Progress{}) == 5);
  CHECK(third(Progress{}) == 5);
}

TEST_CASE("AnySchedule: the constructor refuses a bad schedule", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(AnySchedule(Constant{nan}), std::invalid_argument);
  CHECK_THROWS_WITH(AnySchedule(WarmUp{.over = Epochs{-1}}), ContainsSubstring("WarmUp: over"));
  CHECK_NOTHROW(AnySchedule(Constant{1}).validate());
}

TEST_CASE("AnySchedule: holds a feedback schedule, and each copy has its own state", "[schedules]") {
  AnySchedule first = PidController{.kl = 10, .kp = 0, .ki = 0.01};
  CHECK(first.is_feedback());
  CHECK(bvae::is_feedback(first));
  first.observe(Progress{}, {.kl = 12});
  AnySchedule second = first;
  second.observe(Progress{}, {.kl = 12});
  CHECK(first(Progress{}) == Approx(0.02));
  CHECK(second(Progress{}) == Approx(0.04));
  AnySchedule third = Constant{1};
  third = first;
  third.observe(Progress{}, {.kl = 11});
  CHECK(third(Progress{}) == Approx(0.03));
  CHECK(first(Progress{}) == Approx(0.02));
  first.restore(second.state());
  CHECK(first(Progress{}) == second(Progress{}));
  CHECK_THROWS_WITH(AnySchedule(PidController{}), ContainsSubstring("PidController: kl"));
}

TEST_CASE("AnySchedule: a plain schedule has no state", "[schedules]") {
  AnySchedule schedule = Constant{2};
  CHECK_FALSE(schedule.is_feedback());
  schedule.observe(Progress{}, {.kl = 12});
  CHECK(schedule.state().empty());
  CHECK_NOTHROW(schedule.restore({}));
  CHECK_THROWS_AS(schedule.restore(std::vector<double>(3)), std::invalid_argument);
  CHECK_FALSE(bvae::is_feedback(Constant{}));
  CHECK(bvae::is_feedback(bvae::Geco{}));
}

TEST_CASE("AnySchedule: where nothing is observed a feedback schedule is refused", "[schedules]") {
  const AnySchedule geco = bvae::Geco{.reconstruction = 1};
  CHECK_THROWS_WITH(bvae::Sequence{}.then(geco, Steps{3}), ContainsSubstring("Sequence: a phase must be a plain"));
  CHECK_THROWS_WITH(bvae::Sequence{}.finally(geco), ContainsSubstring("Sequence: a phase must be a plain"));
  CHECK_THROWS_WITH(bvae::Capacity{geco}.validate(), ContainsSubstring("Capacity: needs a plain schedule"));
}
