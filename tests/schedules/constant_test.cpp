#include "bvae/schedules/constant.hpp"

#include <limits>
#include <stdexcept>

#include "support/catch.hpp"

using bvae::Constant;
using bvae::Progress;

TEST_CASE("Constant: is the same everywhere", "[schedules]") {
  constexpr Constant beta{.value = 4.0};
  for (const int step : {-1, 0, 1, 1000000}) CHECK(beta(Progress::at(step, 10)) == 4.0);
  CHECK(Constant{}(Progress{}) == 1.0);
  CHECK(Constant{0}(Progress{}) == 0.0);
}

TEST_CASE("Constant: refuses bad arguments, in validate() and in the call", "[schedules]") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(Constant{bad}.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(Constant{bad}(Progress{}), ContainsSubstring("Constant: value"));
  }
  CHECK_THROWS_WITH(Constant{}(Progress{.steps_per_epoch = 0}), ContainsSubstring("Constant: steps_per_epoch"));
}
