#include "bvae/testing/gradient_check.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "bvae/layers/linear.hpp"
#include "bvae/layers/tanh.hpp"
#include "support/catch.hpp"

using bvae::testing::check_gradient;
using bvae::testing::GradientCheck;

namespace {

/// sum of exp(x_i) (i + 1): the gradient has the same terms.
struct Exponentials {
  std::vector<double> x{0.3, -1.2, 2.0, 0.7};

  double value() const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(i + 1) * std::exp(x[i]);
    return sum;
  }
  std::vector<double> gradient() const {
    std::vector<double> g;
    for (std::size_t i = 0; i < x.size(); ++i) g.push_back(static_cast<double>(i + 1) * std::exp(x[i]));
    return g;
  }
  GradientCheck check(const std::vector<double>& analytic) {
    return check_gradient<double>(x, analytic, [&] { return value(); });
  }
};

}  // namespace

TEST_CASE("check_gradient: a right gradient has a tiny error, and the variables stay", "[testing]") {
  Exponentials f;
  const std::vector<double> before = f.x;
  const GradientCheck check = f.check(f.gradient());
  CHECK(check.relative_error < 1e-11);
  CHECK(check.checked == 4);
  CHECK(f.x == before);
}

TEST_CASE("check_gradient: an error in any coordinate is found", "[testing]") {
  for (std::size_t i = 0; i < 4; ++i) {
    Exponentials f;
    std::vector<double> wrong = f.gradient();
    wrong[i] += 0.01;
    const GradientCheck check = f.check(wrong);
    CHECK(check.relative_error > 1e-4);
    CHECK(check.worst == i);
  }
}

TEST_CASE("check_gradient: NaN in any coordinate is an error", "[testing]") {
  for (std::size_t i = 0; i < 4; ++i) {
    Exponentials f;
    std::vector<double> wrong = f.gradient();
    wrong[i] = std::numeric_limits<double>::quiet_NaN();
    const GradientCheck check = f.check(wrong);
    CHECK_FALSE(check.relative_error < 1e-8);
    CHECK(check.worst == i);
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(bvae::testing::LayerGradientCheck{{.relative_error = 0}, {.relative_error = nan}}.relative_error() < 1);
  CHECK_FALSE(bvae::testing::LayerGradientCheck{{.relative_error = nan}, {.relative_error = 0}}.relative_error() < 1);
}

TEST_CASE("check_gradient: as many gradients as variables are needed", "[testing]") {
  Exponentials f;
  CHECK_THROWS_AS(f.check({1.0}), std::invalid_argument);
}

TEST_CASE("check_layers: covers inputs and parameters", "[testing]") {
  const auto check = bvae::testing::check_layers<bvae::Features<4>, bvae::Linear<3>, bvae::Tanh>();
  CHECK(check.relative_error() < 1e-8);
  CHECK(check.input.checked == 12);
  CHECK(check.parameters.checked == 16 * 5);  // a panel: with the outputs that do not exist
}
