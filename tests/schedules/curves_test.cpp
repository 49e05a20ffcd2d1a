#include "bvae/schedules/curves.hpp"

#include <cmath>

#include "support/catch.hpp"

using bvae::RampShape;
using bvae::schedules::detail::shaped;
using Catch::Matchers::WithinAbs;

TEST_CASE("Ramps: meet both ends exactly and never fall", "[schedules]") {
  for (const RampShape shape : {RampShape::kLinear, RampShape::kCosine, RampShape::kSigmoid}) {
    CHECK(shaped(shape, 0) == 0);
    CHECK(shaped(shape, 1) == 1);
    double last = 0;
    for (int i = 0; i <= 1000; ++i) {
      const double value = shaped(shape, i / 1000.0);
      REQUIRE(value >= last);
      REQUIRE(value <= 1);
      last = value;
    }
  }
}

TEST_CASE("Ramps: table of the reference", "[schedules]") {
  const double at[] = {0.25, 0.5, 0.75};
  const double sigmoid[] = {.047426, .5, .952574};
  for (int i = 0; i < 3; ++i) {
    CHECK_THAT(shaped(RampShape::kSigmoid, at[i]), WithinAbs(sigmoid[i], 5e-7));
    CHECK_THAT(shaped(RampShape::kCosine, at[i]), WithinAbs(.5 - .5 * std::cos(std::acos(-1.0) * at[i]), 1e-15));
    CHECK(shaped(RampShape::kLinear, at[i]) == at[i]);
  }
  CHECK_THAT(shaped(RampShape::kSigmoid, 1e-12), WithinAbs(.002473, 5e-7));
  CHECK_THAT(shaped(RampShape::kSigmoid, 1 - 1e-12), WithinAbs(.997527, 5e-7));
}
