#include "bvae/divergences/dip_vae.hpp"

#include <cmath>
#include <limits>

#include "bvae/divergences/kl.hpp"
#include "divergences/harness.hpp"
#include "support/catch.hpp"

using bvae::DipType;
using bvae::DipVae;
using bvae::Index;
using bvae::Matrix;
using harness::normal;
using harness::terms_of;

namespace {
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
}

TEST_CASE("DipVae: a covariance that is the identity costs nothing", "[divergence]") {
  Matrix<double> corners(4, 4);
  corners << 1, 1, -1, -1, 1, -1, 1, -1, 0, 0, 0, 0, -1, -1, -1, -1;
  const auto first = terms_of<2>(DipVae{}, corners);
  const auto kl = terms_of<2>(bvae::Kl{}, corners);
  CHECK(first.parts.at(0).name == "covariance_penalty");
  CHECK(first.parts[0].value == 0);
  CHECK(first.value == kl.value);
  CHECK(first.d_mu == kl.d_mu);
  CHECK(first.d_log_variance == kl.d_log_variance);
  // Type II counts the posterior's own variance too: with mu constant, the prior's costs nothing.
  Matrix<double> still = Matrix<double>::Zero(4, 4);
  still.row(0).setConstant(3);
  CHECK(terms_of<2>(DipVae{.type = DipType::kII}, still).parts[0].value == 0);
  CHECK(terms_of<2>(DipVae{.lambda_d = 7}, still).parts[0].value == 14);
}

TEST_CASE("DipVae: correlated latents cost both entries of the covariance", "[divergence]") {
  Matrix<double> head = Matrix<double>::Zero(4, 2);
  head.topRows(2) << 3, 5, 3, 5;  // mean 4, covariance 1 everywhere
  const auto terms = terms_of<2>(DipVae{.lambda_od = 10, .lambda_d = 1}, head);
  CHECK(terms.parts[0].value == Approx(20).epsilon(1e-14));
  CHECK(terms.value == Approx(20 + terms.kl()).epsilon(1e-14));
  CHECK(terms.d_mu(0, 0) == Approx(1.5 - 20).epsilon(1e-14));  // 2 / B * 2 lambda_od C * (3 - 4)
  CHECK(terms.d_mu(0, 1) == Approx(2.5 + 20).epsilon(1e-14));
  CHECK(terms.d_z.size() == 0);
  // Type II: the diagonal is 1 + e^lv = 2.
  const auto second = terms_of<2>(DipVae{.type = DipType::kII, .lambda_od = 10, .lambda_d = 3}, head);
  CHECK(second.parts[0].value == Approx(26).epsilon(1e-14));
  CHECK(second.d_log_variance(0, 0) == Approx(3).epsilon(1e-14));  // 2 lambda_d (2 - 1) / B
}

TEST_CASE("DipVae: a mean that all samples share does not matter", "[divergence]") {
  Matrix<double> head = normal(6, 21, 1);
  const double before = terms_of<3>(DipVae{}, head).parts[0].value;
  head.topRows(3).array() += 5;
  CHECK(terms_of<3>(DipVae{}, head).parts[0].value == Approx(before).epsilon(1e-10));
}

TEST_CASE("DipVae: NaN reaches the value, and bad weights are refused", "[divergence]") {
  for (const DipType type : {DipType::kI, DipType::kII})
    for (const Index row : {1, 4}) {
      Matrix<double> head = normal(6, 5, 1);
      head(row, 3) = kNan;
      CHECK_FALSE(std::isfinite(terms_of<3>(DipVae{.type = type}, head).value));
    }
  CHECK_NOTHROW(DipVae{}.validate());
  for (const double bad : {-0.1, kNan, std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_WITH(DipVae{.lambda_od = bad}.validate(), ContainsSubstring("DipVae: lambda_od"));
    CHECK_THROWS_AS(DipVae{.lambda_d = bad}.validate(), std::invalid_argument);
  }
  CHECK_THROWS_AS(DipVae{.type = static_cast<DipType>(9)}.validate(), std::invalid_argument);
}
