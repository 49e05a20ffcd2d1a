#include "bvae/divergences/capacity.hpp"

#include <cmath>
#include <limits>

#include "bvae/schedules/linear.hpp"
#include "divergences/harness.hpp"
#include "support/catch.hpp"

using bvae::BurgessCapacity;
using bvae::Capacity;
using bvae::Index;
using bvae::Matrix;
using bvae::Progress;
using harness::terms_of;

namespace {
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const auto at_one = [](const auto&) { return 1.0; };
}  // namespace

TEST_CASE("BurgessCapacity: a line from 0 to 25 nats over 100000 steps, then constant", "[divergence]") {
  const BurgessCapacity c;
  CHECK(c(Progress{.step = 0}) == 0);
  CHECK(c(Progress{.step = 50'000}) == 12.5);
  CHECK(c(Progress{.step = 100'000}) == 25);
  CHECK(c(Progress{.step = 100'001}) == 25);
  const BurgessCapacity other{.to = 100, .over = 100};
  CHECK(other(Progress{.step = 10}) == 10);
  CHECK(other(Progress{.step = 101}) == 100);
  CHECK_NOTHROW(other.validate());
  for (const double bad : {-1.0, kNan, kInfinity})
    CHECK_THROWS_WITH(BurgessCapacity{.to = bad}.validate(), ContainsSubstring("BurgessCapacity: to"));
  CHECK_THROWS_WITH((BurgessCapacity{.over = 0}.validate()), ContainsSubstring("BurgessCapacity: over"));
}

TEST_CASE("Capacity: the distance of the batch's mean KL, not of each sample's", "[divergence]") {
  Matrix<double> head = Matrix<double>::Zero(2, 2);
  head(0, 1) = 2;  // KL 0 and 2: mean 1
  const auto on = terms_of<1>(Capacity{at_one, 10.0}, head);
  CHECK(on.value == 0);
  CHECK(on.kl() == 1);
  CHECK(on.parts[0].name == "capacity");
  CHECK(on.parts[0].value == 1);
  CHECK(on.d_mu.isZero(0));  // the subgradient at equality
  CHECK(on.d_log_variance.isZero(0));
  const auto above = terms_of<1>(Capacity{[](const auto&) { return 0.25; }, 10.0}, head);
  CHECK(above.value == 7.5);
  CHECK(above.d_mu(0, 1) == 10);  // gamma mu / samples
  const auto below = terms_of<1>(Capacity{[](const auto&) { return 4.0; }, 10.0}, head);
  CHECK(below.value == 30);
  CHECK(below.d_mu(0, 1) == -10);
}

TEST_CASE("Capacity: follows its schedule, by default Burgess's", "[divergence]") {
  Matrix<double> head(2, 1);
  head << 1, 0;  // KL 0.5
  const Progress progress{.step = 40'000, .epoch = 4, .steps_per_epoch = 10'000};
  CHECK(terms_of<1>(Capacity{}, head, {}, {}, progress).value == Approx(1000 * 9.5).epsilon(1e-14));
  CHECK(terms_of<1>(Capacity<>{.capacity = {.to = 5}, .gamma = 2}, head, {}, {}, progress).value ==
        Approx(3).epsilon(1e-14));
  const Capacity in_epochs{bvae::LinearSchedule{.to = 10, .over = bvae::Epochs{8}}};
  CHECK(terms_of<1>(in_epochs, head, {}, {}, progress).value == Approx(1000 * 4.5).epsilon(1e-14));
}

TEST_CASE("Capacity: NaN reaches the value, bad arguments and bad schedules are refused", "[divergence]") {
  Matrix<double> head = Matrix<double>::Zero(2, 3);
  head(1, 1) = kNan;
  CHECK(std::isnan(terms_of<1>(Capacity{}, head).value));
  CHECK_NOTHROW(Capacity{}.validate());
  for (const double bad : {-1.0, kNan, kInfinity}) {
    CHECK_THROWS_WITH(Capacity<>{.gamma = bad}.validate(), ContainsSubstring("Capacity: gamma"));
    CHECK_THROWS_WITH(Capacity<>{.capacity = {.to = bad}}.validate(), ContainsSubstring("BurgessCapacity: to"));
    const Capacity wrong{[bad](const auto&) { return bad; }};
    CHECK_NOTHROW(wrong.validate());
    CHECK_THROWS_AS(terms_of<1>(wrong, head), std::invalid_argument);
    CHECK_THROWS_WITH(terms_of<1>(wrong, head), ContainsSubstring("Capacity: the schedule gave C"));
  }
}
