#include "bvae/schedules/sequence.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/cyclical.hpp"
#include "bvae/schedules/linear.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "support/catch.hpp"

using bvae::AnySchedule;
using bvae::Constant;
using bvae::Cyclical;
using bvae::Epochs;
using bvae::LinearSchedule;
using bvae::Progress;
using bvae::Sequence;
using bvae::Steps;
using bvae::WarmUp;
using Catch::Matchers::WithinRel;

namespace {

double steps_seen(const Progress& progress) { return static_cast<double>(progress.step); }
double total_seen(const Progress& progress) { return static_cast<double>(progress.total_steps); }

}  // namespace

TEST_CASE("Sequence: plays its phases one after the other", "[schedules]") {
  const Sequence beta = Sequence{}
                            .then(Constant{0}, Epochs{3})
                            .then(LinearSchedule{.from = 0, .to = 4, .over = Steps{50}}, Steps{50})
                            .finally(Constant{4});
  CHECK(beta(Progress::at(0, 10)) == 0);
  CHECK(beta(Progress::at(29, 10)) == 0);
  CHECK(beta(Progress::at(30, 10)) == 0);
  CHECK(beta(Progress::at(55, 10)) == 2);
  CHECK_THAT(beta(Progress::at(79, 10)), WithinRel(4 * 49 / 50.0, 1e-15));
  CHECK(beta(Progress::at(80, 10)) == 4);
  CHECK(beta(Progress::at(100000, 10)) == 4);
  CHECK(beta(Progress::at(-1, 10)) == 0);
}

TEST_CASE("Sequence: each phase counts from its own start", "[schedules]") {
  const Sequence sequence = Sequence{}
                                .then(steps_seen, Epochs{0.3})
                                .then([](const Progress& progress) { return progress.epoch; }, Epochs{2})
                                .finally(steps_seen);
  const std::vector<double> expected = {0, 1, 2, 0, 0.1, 0.2, 0.3, 0.4};
  for (std::size_t step = 0; step < expected.size(); ++step) {
    CHECK(sequence(Progress::at(static_cast<std::int64_t>(step), 10)) == expected[step]);
  }
  CHECK(sequence(Progress::at(22, 10)) == 1.9);
  CHECK(sequence(Progress::at(23, 10)) == 0);
  CHECK(sequence(Progress::at(40, 10)) == 17);
}

TEST_CASE("Sequence: a phase takes its length for the whole training", "[schedules]") {
  const Sequence sequence =
      Sequence{}.then(total_seen, Steps{5}).then(Cyclical{}, Epochs{4}).then(total_seen, Epochs{1}).finally(total_seen);
  CHECK(sequence(Progress::at(4, 10, 100)) == 5);
  CHECK(sequence(Progress::at(5 + 2, 10, 100)) == 0.4);
  CHECK(sequence(Progress::at(5 + 10, 10)) == 0);
  CHECK(sequence(Progress::at(45, 10, 100)) == 10);
  CHECK(sequence(Progress::at(55, 10, 100)) == 45);
  CHECK(sequence(Progress::at(55, 10)) == 0);
}

TEST_CASE("Sequence: without an open-ended phase the last one goes on", "[schedules]") {
  const Sequence sequence = Sequence{}.then(Constant{7}, Steps{2}).then(steps_seen, Steps{3});
  CHECK(sequence(Progress::at(1, 10)) == 7);
  CHECK(sequence(Progress::at(4, 10)) == 2);
  CHECK(sequence(Progress::at(100, 10)) == 98);
}

TEST_CASE("Sequence: skips phases of length zero", "[schedules]") {
  const Sequence sequence = Sequence{}
                                .then(Constant{1}, Steps{0})
                                .then(Constant{2}, Epochs{0})
                                .then(steps_seen, Steps{3})
                                .then(Constant{4}, Epochs{0.001});
  CHECK(sequence(Progress::at(-1, 10)) == -1);
  for (const int step : {0, 1, 2, 3, 100}) CHECK(sequence(Progress::at(step, 10)) == step);
}

TEST_CASE("Sequence: may be a phase of a sequence", "[schedules]") {
  const Sequence inner = Sequence{}.then(Constant{1}, Steps{2}).then(steps_seen, Epochs{1});
  const Sequence outer = Sequence{}.then(Constant{-1}, Steps{3}).then(inner, Steps{6}).finally(inner);
  const std::vector<double> expected = {-1, -1, -1, 1, 1, 0, 1, 2, 3, 1, 1, 0, 1, 2, 3, 4, 5};
  for (std::size_t step = 0; step < expected.size(); ++step) {
    CHECK(outer(Progress::at(static_cast<std::int64_t>(step), 4)) == expected[step]);
  }
  CHECK(AnySchedule(outer)(Progress::at(12, 4)) == 1);
}

TEST_CASE("Sequence: longer sequences leave the shorter one as it was", "[schedules]") {
  const Sequence base = Sequence{}.then(Constant{1}, Steps{1});
  const Sequence two = base.finally(Constant{2});
  const Sequence three = base.then(Constant{3}, Steps{1});
  CHECK(base(Progress::at(1, 10)) == 1);
  CHECK(two(Progress::at(1, 10)) == 2);
  CHECK(three(Progress::at(1, 10)) == 3);
}

TEST_CASE("Sequence: the order of calls does not matter", "[schedules]") {
  const Sequence sequence =
      Sequence{}.then(WarmUp{.over = Steps{7}}, Steps{9}).then(Cyclical{}, Steps{13}).finally(Constant{3});
  std::vector<double> forwards;
  for (int step = 0; step < 30; ++step) forwards.push_back(sequence(Progress::at(step, 4)));
  for (int step = 29; step >= 0; --step) {
    REQUIRE(sequence(Progress::at(step, 4)) == forwards[static_cast<std::size_t>(step)]);
  }
}

TEST_CASE("Sequence: refuses bad phases, and an empty one when called", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(Sequence{}(Progress{}), std::invalid_argument);
  CHECK_THROWS_WITH(Sequence{}.validate(), ContainsSubstring("Sequence: must have a phase"));
  CHECK_THROWS_AS(AnySchedule(Sequence{}), std::invalid_argument);
  CHECK_THROWS_AS(Sequence{}.then(Constant{1}, Steps{0})(Progress{}), std::invalid_argument);
  CHECK_THROWS_WITH(Sequence{}.then(Constant{1}, Steps{-1}), ContainsSubstring("Sequence: the length of a phase"));
  CHECK_THROWS_WITH(Sequence{}.then(Constant{1}, Epochs{nan}), ContainsSubstring("Sequence: the length of a phase"));
  CHECK_THROWS_WITH(Sequence{}.then(Constant{nan}, Steps{1}), ContainsSubstring("Constant: value"));
  CHECK_THROWS_WITH(Sequence{}.finally(Constant{1}).finally(Constant{2}), ContainsSubstring("after finally()"));
  CHECK_THROWS_WITH(Sequence{}.finally(Constant{1}).then(Constant{2}, Steps{1}), ContainsSubstring("after finally()"));
  CHECK_THROWS_WITH(Sequence{}.finally(Constant{1})(Progress{.steps_per_epoch = 0}),
                    ContainsSubstring("Sequence: steps_per_epoch"));
}
