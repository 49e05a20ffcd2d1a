#include "bvae/schedules/sigmoid.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using bvae::Epochs;
using bvae::Progress;
using bvae::SigmoidSchedule;
using bvae::Steps;
using Catch::Matchers::WithinAbs;

TEST_CASE("Sigmoid schedule: table of the reference, then its upper value", "[schedules]") {
  const std::vector<double> table = {.002473, .047426, .5, .952574, .997527};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Progress now = Progress::at(static_cast<std::int64_t>(i), 2);
    CHECK_THAT((SigmoidSchedule{.over = Steps{4}}(now)), WithinAbs(table[i], 5e-7));
    CHECK_THAT((SigmoidSchedule{.over = Epochs{2}}(now)), WithinAbs(table[i], 5e-7));
    CHECK_THAT((SigmoidSchedule{.from = 5, .to = 1, .over = Steps{4}}(now)), WithinAbs(5 - 4 * table[i], 2e-6));
  }
  CHECK(SigmoidSchedule{.to = 3, .over = Steps{4}}(Progress::at(5, 2)) == 3);
  CHECK(SigmoidSchedule{.to = 3, .over = Steps{4}}(Progress::at(1000, 2)) == 3);
  CHECK(SigmoidSchedule{.to = 3, .over = Steps{0}}(Progress::at(0, 2)) == 3);
}

TEST_CASE("Sigmoid schedule: steepness, lengths that are no whole steps, and epoch by epoch", "[schedules]") {
  const SigmoidSchedule each{.over = Epochs{2.3}, .steepness = 5};
  const SigmoidSchedule beta{.over = Epochs{2.3}, .steepness = 5, .per_epoch = true};
  for (std::int64_t step = 0; step <= 18; ++step) {
    CHECK_THAT(each(Progress::at(step, 8)),
               WithinAbs(1 / (1 + std::exp(-5 * (static_cast<double>(step) / 18.4 - .5))), 1e-15));
    CHECK(beta(Progress::at(step, 8)) == each(Progress::at(step / 8 * 8, 8)));
  }
  CHECK(each(Progress::at(19, 8)) == 1);
  CHECK(SigmoidSchedule{.steepness = 1e308}(Progress::at(0, 8)) == 0);  // no overflow
}

TEST_CASE("Sigmoid schedule: refuses bad arguments, in validate() and in the call", "[schedules]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(SigmoidSchedule{.from = nan}.validate(), ContainsSubstring("Sigmoid schedule: from"));
  CHECK_THROWS_WITH(SigmoidSchedule{.to = nan}(Progress{}), ContainsSubstring("Sigmoid schedule: to"));
  CHECK_THROWS_WITH(SigmoidSchedule{.over = Steps{-1}}(Progress{}), ContainsSubstring("Sigmoid schedule: over"));
  for (const double bad : {0.0, -1.0, nan, 1 / 0.0})
    CHECK_THROWS_WITH(SigmoidSchedule{.steepness = bad}(Progress{}), ContainsSubstring("steepness must be"));
}
