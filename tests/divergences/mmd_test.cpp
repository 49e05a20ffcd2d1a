#include "bvae/divergences/mmd.hpp"

#include <cmath>
#include <limits>

#include "divergences/harness.hpp"
#include "support/catch.hpp"

using bvae::DivergenceContext;
using bvae::Index;
using bvae::Matrix;
using bvae::Mmd;
using bvae::MmdKernel;
using bvae::Progress;
using bvae::Seed;
using harness::normal;
using harness::terms_of;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What the divergence draws from the prior.
Matrix<double> prior(Index latents, Index samples, Seed seed, std::uint64_t step) {
  Matrix<double> y(latents, samples);
  for (Index s = 0; s < samples; ++s)
    bvae::RandomStream(seed, bvae::Stream::kPrior, step)
        .normal(static_cast<std::uint32_t>(s), std::span<double>(y.col(s).data(), static_cast<std::size_t>(latents)));
  return y;
}

}  // namespace

TEST_CASE("Mmd: vanishes, with its gradient, where the samples are the prior's draws", "[divergence]") {
  const Matrix<double> head = normal(6, 21, 1);
  const Matrix<double> y = prior(3, 21, Seed{5}, 7);
  for (const MmdKernel kernel : {MmdKernel::kRbf, MmdKernel::kInverseMultiquadratic}) {
    const auto terms = terms_of<3>(Mmd{.kernel = kernel}, head, y, {.seed = Seed{5}}, Progress{.step = 7});
    CHECK(terms.parts.at(0).name == "mmd");
    CHECK(std::abs(terms.parts[0].value) < 1e-14);
    CHECK(terms.value == Approx(terms.kl()).epsilon(1e-10));
    CHECK(terms.d_z.cwiseAbs().maxCoeff() < 1e-10);
    // Other draws: small, not 0, and never negative.
    for (const double found :
         {terms_of<3>(Mmd{.kernel = kernel}, head, y, {.seed = Seed{5}}, Progress{.step = 8}).parts[0].value,
          terms_of<3>(Mmd{.kernel = kernel}, head, y, {.seed = Seed{6}}, Progress{.step = 7}).parts[0].value}) {
      CHECK(found > 0.001);
      CHECK(found < 0.2);
    }
  }
}

TEST_CASE("Mmd: one sample and one draw, by hand", "[divergence]") {
  const Matrix<double> head = Matrix<double>::Zero(4, 1);
  const Matrix<double> z = prior(2, 1, Seed{5}, 0) + Matrix<double>::Constant(2, 1, 3);  // distance^2 18, C 4 * 0.25
  const auto rbf = terms_of<2>(Mmd{.lambda = 10, .bandwidth = 2}, head, z, {.seed = Seed{5}});
  const double k = std::exp(-18.0 / 16);
  CHECK(rbf.parts[0].value == Approx(2 - 2 * k).epsilon(1e-12));
  CHECK(rbf.value == Approx(10 * (2 - 2 * k)).epsilon(1e-12));  // the KL is 0
  CHECK(rbf.d_z(0, 0) == Approx(10 * 4 * k * 3 / 16).epsilon(1e-12));
  CHECK(rbf.d_mu.isZero(0));
  const auto other = terms_of<2>(Mmd{.lambda = 10, .kernel = MmdKernel::kInverseMultiquadratic, .bandwidth = 2}, head,
                                 z, {.seed = Seed{5}});
  const double k2 = 16.0 / 34;
  CHECK(other.parts[0].value == Approx(2 - 2 * k2).epsilon(1e-12));
  CHECK(other.d_z(1, 0) == Approx(10 * 4 * k2 * k2 * 3 / 16).epsilon(1e-12));
}

TEST_CASE("Mmd: without the KL nothing but the samples gets a gradient", "[divergence]") {
  const Matrix<double> head = normal(6, 21, 1);
  const auto terms = terms_of<3>(Mmd{.kl_weight = 0}, head, normal(3, 21, 2));
  CHECK(terms.kl() > 0);
  CHECK(terms.value == 1000 * terms.parts[0].value);
  CHECK(terms.d_mu.isZero(0));
  CHECK(terms.d_log_variance.isZero(0));
  CHECK(terms.d_z.cwiseAbs().maxCoeff() > 0.01);
}

TEST_CASE("Mmd: NaN reaches the value, and bad arguments are refused", "[divergence]") {
  const Matrix<double> head = normal(6, 21, 1);
  Matrix<double> z = normal(3, 21, 2);
  z(1, 20) = kNan;
  CHECK(std::isnan(terms_of<3>(Mmd{}, head, z).value));
  CHECK_NOTHROW(Mmd{}.validate());
  for (const double bad : {-0.1, kNan, kInfinity}) {
    CHECK_THROWS_WITH(Mmd{.lambda = bad}.validate(), ContainsSubstring("Mmd: lambda"));
    CHECK_THROWS_AS(Mmd{.kl_weight = bad}.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(Mmd{.bandwidth = bad}.validate(), ContainsSubstring("Mmd: bandwidth"));
  }
  for (const double bad : {0.0, 1e-200, 1e200})
    CHECK_THROWS_AS(Mmd{.bandwidth = bad}.validate(), std::invalid_argument);
  CHECK_THROWS_AS(Mmd{.kernel = static_cast<MmdKernel>(9)}.validate(), std::invalid_argument);
}
