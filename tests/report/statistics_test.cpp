#include "report/statistics.hpp"

#include <cmath>
#include <stdexcept>

#include "support/catch.hpp"

using namespace report;

namespace {

// Written by scipy 1.10: 2 * stats.t.sf(t, degrees), stats.t.ppf(0.975, degrees), special.betainc(a, b, x).
struct TwoSided {
  double t, degrees, p;
};
constexpr TwoSided kTwoSided[] = {
    {0.5, 1, 0.70483276469913358},     {2.0, 1, 0.29516723530086642},
    {1.0, 2, 0.42264973081037427},     {4.302652729911275, 2, 0.049999999996516629},
    {2.5, 4, 0.066766544811988127},    {0.01, 9, 0.99223944553632526},
    {3.3, 9.5, 0.0085798467492891727}, {12.0, 30, 5.5801854151992606e-13},
    {1e-06, 3, 0.99999926489480617},   {250.0, 1, 0.0025464655083788927},
    {2.0, 1000, 0.045770346493251665},
};
struct Critical {
  double degrees, t;
};
constexpr Critical kCritical[] = {
    {1, 12.706204736432095}, {2, 4.3026527299112747},  {3, 3.1824463052842629},    {4, 2.7764451051977987},
    {9, 2.2621571627409915}, {30, 2.0422724563012373}, {1000, 1.9623390808264074},
};
struct Beta {
  double a, b, x, value;
};
constexpr Beta kBeta[] = {
    {0.5, 0.5, 0.3, 0.36901011956554541},
    {2, 3, 0.4, 0.52479999999999993},
    {10, 0.5, 0.99, 0.65792817515678426},
    {0.5, 10, 0.001, 0.11110329087513969},
    {50, 60, 0.45, 0.46423529143060638},
    {500, 0.5, 0.9999, 0.75188362957106369},
    {1, 1, 0.37, 0.37},
};

}  // namespace

TEST_CASE("The incomplete beta function is scipy's to 1e-10", "[report]") {
  for (const Beta& known : kBeta) CHECK(std::abs(incomplete_beta(known.a, known.b, known.x) - known.value) < 1e-10);
  CHECK(incomplete_beta(2, 3, 0) == 0);
  CHECK(incomplete_beta(2, 3, 1) == 1);
  CHECK_THROWS_AS(incomplete_beta(0, 1, 0.5), std::invalid_argument);
  CHECK_THROWS_AS(incomplete_beta(1, 1, -0.1), std::invalid_argument);
  CHECK_THROWS_AS(incomplete_beta(1, 1, std::nan("")), std::invalid_argument);
}

TEST_CASE("Student's t is scipy's to 1e-10, relatively in the tails", "[report]") {
  for (const TwoSided& known : kTwoSided) {
    CHECK(std::abs(student_t_two_sided(known.t, known.degrees) / known.p - 1) < 1e-10);
    CHECK(student_t_two_sided(-known.t, known.degrees) == student_t_two_sided(known.t, known.degrees));
  }
  CHECK(student_t_two_sided(0, 3) == 1);
  CHECK(student_t_two_sided(INFINITY, 3) == 0);
  for (const Critical& known : kCritical)
    CHECK(std::abs(student_t_critical(0.05, known.degrees) / known.t - 1) < 1e-10);
  CHECK_THROWS_AS(student_t_two_sided(1, 0), std::invalid_argument);
  CHECK_THROWS_AS(student_t_critical(0, 3), std::invalid_argument);
  CHECK_THROWS_AS(student_t_critical(1, 3), std::invalid_argument);
}

TEST_CASE("A mean's interval is scipy's, and one value has none", "[report]") {
  const double values[] = {80.1, 81.4, 79.6, 80.9, 82.2};
  const auto many = estimate(values);
  REQUIRE(many);
  CHECK(many->n == 5);
  CHECK(many->mean == Approx(80.84).epsilon(1e-12));
  CHECK(many->low.value() == Approx(79.5598209336367).epsilon(1e-12));
  CHECK(many->high.value() == Approx(82.1201790663633).epsilon(1e-12));

  const auto one = estimate(std::span(values).first(1));
  REQUIRE(one);
  CHECK(one->mean == 80.1);
  CHECK_FALSE(one->low);
  CHECK_FALSE(one->high);
  CHECK_FALSE(estimate({}));

  const double equal[] = {0.1, 0.1, 0.1};  // their sum, divided by 3, is not 0.1
  CHECK(estimate(equal)->low.value() == 0.1);
  CHECK(estimate(equal)->high.value() == 0.1);
}

TEST_CASE("Differences are paired by seed, and only seeds that both have count", "[report]") {
  const Seeded group[] = {{3, 1.5}, {0, 1.2}, {1, 0.8}, {7, 99}, {4, 1.1}};
  const Seeded baseline[] = {{0, 1.0}, {1, 0.9}, {3, 1.1}, {4, 0.7}, {9, -99}};
  const PairedDifference pair = paired_difference(group, baseline);
  CHECK(pair.seeds == std::vector<std::uint64_t>{3, 0, 1, 4});
  REQUIRE(pair.difference);
  CHECK(pair.difference->n == 4);
  CHECK(pair.difference->mean == Approx(0.225));
  CHECK(pair.difference->low.value() == Approx(-0.15099136198055615).epsilon(1e-10));
  CHECK(pair.difference->high.value() == Approx(0.6009913619805561).epsilon(1e-10));
  CHECK(pair.p.value() == Approx(0.15296197253691873).epsilon(1e-10));
}

TEST_CASE("One common seed, or none, gives no p value, nor do equal differences, but for no difference at all",
          "[report]") {
  const Seeded group[] = {{0, 2.0}, {1, 3.0}};
  const Seeded other[] = {{1, 1.0}, {2, 1.0}};
  CHECK(paired_difference(group, other).difference->n == 1);
  CHECK_FALSE(paired_difference(group, other).p);
  CHECK_FALSE(paired_difference(group, std::span(other).last(1)).difference);
  CHECK_FALSE(paired_difference(group, std::span(group).first(1)).p);

  const Seeded shifted[] = {{0, 1.0}, {1, 2.0}};
  CHECK_FALSE(paired_difference(group, shifted).p);
  CHECK(paired_difference(group, group).p == 1.0);
  const Seeded tenths[] = {{0, 0.1}, {1, 0.7}, {2, 1.3}};
  const Seeded more[] = {{0, 0.1 + 0.2}, {1, 0.7 + 0.2}, {2, 1.3 + 0.2}};  // equal but for rounding
  REQUIRE(more[0].value - tenths[0].value != more[2].value - tenths[2].value);
  CHECK_FALSE(paired_difference(more, tenths).p);
}

TEST_CASE("Holm's correction multiplies the least p by their number, the next by one less, and never falls",
          "[report]") {
  const double p[] = {0.04, 0.01, 0.03, 0.9};
  const std::vector<double> corrected = holm(p);
  REQUIRE(corrected.size() == 4);
  CHECK(corrected[1] == Approx(0.04));  // 4 * 0.01
  CHECK(corrected[2] == Approx(0.09));  // 3 * 0.03
  CHECK(corrected[0] == Approx(0.09));  // 2 * 0.04 = 0.08, below the one before
  CHECK(corrected[3] == Approx(0.9));
  CHECK(holm({}).empty());
  const double large[] = {0.6, 0.7};
  CHECK(holm(large)[0] == 1);
}
