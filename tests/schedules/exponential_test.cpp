#include "bvae/schedules/exponential.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "support/catch.hpp"

using bvae::Epochs;
using bvae::Exponential;
using bvae::Progress;
using bvae::Steps;
using Catch::Matchers::WithinRel;

TEST_CASE("Exponential: the same factor in each step, both ends exact", "[schedules]") {
  for (const auto& [from, to] : {std::pair{1e-4, 1.0}, std::pair{2.0, 0.03}, std::pair{1e-300, 1e300}}) {
    const Exponential beta{.from = from, .to = to, .over = Steps{30}};
    CHECK(beta(Progress::at(0, 7)) == from);
    CHECK(beta(Progress::at(30, 7)) == to);
    CHECK(beta(Progress::at(31, 7)) == to);
    for (std::int64_t step = 1; step < 30; ++step) {
      const double v = static_cast<double>(step) / 30;
      CHECK_THAT(beta(Progress::at(step, 7)), WithinRel(std::exp((1 - v) * std::log(from) + v * std::log(to)), 1e-12));
    }
  }
  CHECK_THAT((Exponential{.from = 0.01, .over = Epochs{2.5}}(Progress::at(5, 4))), WithinRel(0.1, 1e-14));
  CHECK(Exponential{.over = Epochs{0}}(Progress::at(0, 4)) == 1);
}

TEST_CASE("Exponential: per epoch it keeps the value of the epoch's first step", "[schedules]") {
  const Exponential each{.over = Epochs{3}};
  const Exponential beta{.over = Epochs{3}, .per_epoch = true};
  for (std::int64_t step = 0; step < 40; ++step)
    CHECK(beta(Progress::at(step, 8)) == each(Progress::at(step / 8 * 8, 8)));
}

TEST_CASE("Exponential: refuses bad arguments, in validate() and in the call", "[schedules]") {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), 1 / 0.0}) {
    CHECK_THROWS_WITH(Exponential{.from = bad}.validate(), ContainsSubstring("Exponential: from"));
    CHECK_THROWS_WITH(Exponential{.to = bad}(Progress{}), ContainsSubstring("Exponential: to"));
  }
  CHECK_THROWS_WITH(Exponential{.over = Epochs{-1}}(Progress{}), ContainsSubstring("Exponential: over"));
}
