#include "bvae/divergences/kl.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/latent/latent.hpp"
#include "bvae/schedules/progress.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"

using bvae::DivergenceTerms;
using bvae::FreeBits;
using bvae::Index;
using bvae::Kl;
using bvae::Latent;
using bvae::Matrix;
using bvae::Progress;
using bvae::RandomStream;
using bvae::Seed;
using bvae::Stream;

namespace {

/// Kl of posteriors with `Latents` latents: mu in the head's first rows, log_variance below.
template <Index Latents, class Scalar>
DivergenceTerms<Scalar> divergence(const Kl& kl, const Matrix<Scalar>& head, Index capacity = 0) {
  DivergenceTerms<Scalar> terms(Latents, std::max(capacity, head.cols()));
  kl.prepare(terms);
  kl(Latent<Latents>::posterior(head.data(), head.cols()), Progress{}, terms);
  return terms;
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("Kl: the closed form and both gradients", "[divergence]") {
  // mu, log_variance, KL, d mu, d log_variance; shared/reference: analytic oracles.
  const double table[][5] = {{0, 0, 0, 0, 0},
                             {1, 0, .5, 1, 0},
                             {0, 1, .35914091422952255, 0, .8591409142295225},
                             {1, 1, .8591409142295225, 1, .8591409142295225},
                             {.5, -2, .6926676416183064, .5, -.43233235838169365},
                             {-2, .5, 2.074360635350064, -2, .3243606353500641}};
  for (const auto& row : table) {
    Matrix<double> head(2, 1);
    head << row[0], row[1];
    const auto terms = divergence<1>(Kl{}, head);
    INFO("mu " << row[0] << ", log variance " << row[1]);
    CHECK(std::abs(terms.value - row[2]) < 1e-12);
    CHECK(std::abs(terms.kl() - row[2]) < 1e-12);
    CHECK(std::abs(terms.d_mu(0, 0) - row[3]) < 1e-12);
    CHECK(std::abs(terms.d_log_variance(0, 0) - row[4]) < 1e-12);
  }
  // The same six as samples of one batch: the mean, and gradients of the mean.
  Matrix<double> head(2, 6);
  double mean = 0;
  for (Index s = 0; s < 6; ++s) {
    head.col(s) << table[s][0], table[s][1];
    mean += table[s][2] / 6;
  }
  const auto batch = divergence<1>(Kl{}, head, 9);
  CHECK(std::abs(batch.value - mean) < 1e-12);
  for (Index s = 0; s < 6; ++s) {
    CHECK(std::abs(batch.d_mu(0, s) - table[s][3] / 6) < 1e-12);
    CHECK(std::abs(batch.d_log_variance(0, s) - table[s][4] / 6) < 1e-12);
  }
  // And as latents of one sample: the sum.
  Matrix<double> latents(12, 1);
  for (Index d = 0; d < 6; ++d) {
    latents(d, 0) = table[d][0];
    latents(6 + d, 0) = table[d][1];
  }
  const auto sum = divergence<6>(Kl{}, latents);
  CHECK(std::abs(sum.value - 6 * mean) < 1e-12);
  for (Index d = 0; d < 6; ++d) CHECK(std::abs(sum.kl_per_latent[d] - table[d][2]) < 1e-12);
}

TEST_CASE("Kl: agrees with a Monte Carlo estimate of log q - log p within 4 standard errors", "[divergence]") {
  constexpr std::size_t kDraws = 400000;
  std::vector<double> noise(kDraws);
  RandomStream(Seed{77}, Stream::kUser).normal(0, std::span<double>(noise));
  for (const auto& [mu, lv] : {std::pair{0.7, -1.3}, std::pair{-2.0, 0.5}, std::pair{0.0, 1.0}}) {
    double sum = 0, squares = 0;
    for (const double e : noise) {
      const double z = mu + std::exp(lv / 2) * e;
      const double ratio = -0.5 * (lv + e * e) + 0.5 * z * z;  // log q(z|x) - log p(z), 2 pi cancels
      sum += ratio;
      squares += ratio * ratio;
    }
    const double n = kDraws, mean = sum / n;
    Matrix<double> head(2, 1);
    head << mu, lv;
    CHECK(std::abs(divergence<1>(Kl{}, head).value - mean) < 4 * std::sqrt((squares / n - mean * mean) / n));
  }
}

TEST_CASE("Kl: free bits are a floor of each latent's batch mean, not of each sample", "[divergence]") {
  // Latent 0: KL 0 and 2, mean 1. Latent 1: 0.125 and 0.125. Clamping samples at 0.5 would give 1.25 and 0.5.
  Matrix<double> head(4, 2);
  head << 0, 2, 0.5, 0.5, 0, 0, 0, 0;
  const auto plain = divergence<2>(Kl{}, head);
  CHECK(plain.value == Approx(1.125).epsilon(1e-14));
  const auto terms = divergence<2>(Kl{.free_bits = 0.5}, head);
  CHECK(terms.value == Approx(1.5).epsilon(1e-14));
  CHECK(terms.kl() == Approx(1.125).epsilon(1e-14));  // the plain KL is reported beside it
  CHECK(terms.kl_per_latent[1] == Approx(0.125).epsilon(1e-14));
  // A latent above its floor keeps its gradient in every sample, one below has none in any.
  CHECK(terms.d_mu(0, 0) == 0);
  CHECK(terms.d_mu(0, 1) == Approx(1).epsilon(1e-14));
  CHECK(terms.d_mu(1, 0) == 0);
  CHECK(terms.d_mu(1, 1) == 0);
  CHECK(plain.d_mu(1, 1) == Approx(0.25).epsilon(1e-14));
  const auto all = divergence<2>(Kl{.free_bits = 3}, head);
  CHECK(all.value == 6);
  CHECK(all.d_mu.isZero(0));
  CHECK(all.d_log_variance.isZero(0));
}

TEST_CASE("Kl: a latent exactly on its floor is clamped, and no floor clamps nothing", "[divergence]") {
  Matrix<double> head(2, 1);
  head << 1, 0;  // KL 0.5
  CHECK(divergence<1>(Kl{.free_bits = 0.5}, head).d_mu(0, 0) == 0);
  CHECK(divergence<1>(Kl{.free_bits = std::nextafter(0.5, 0.0)}, head).d_mu(0, 0) == 1);
  head << 0, 0;
  CHECK(divergence<1>(Kl{}, head).weight[0] == 1);
}

TEST_CASE("Kl: every form of free bits, by hand", "[divergence]") {
  // KL of latent 0: 0, 2 and 0.5; of latent 1: 0.125, 0.125 and 0.5.
  Matrix<double> head = Matrix<double>::Zero(4, 3);
  head.topRows(2) << 0, 2, 1, 0.5, 0.5, 1;
  struct Row {
    FreeBits form;
    double free_bits, value;
    double active[2][3];  // by latent and sample
  };
  const Row table[] = {
      {FreeBits::kPerLatent, 0.3, 2.5 / 3 + 0.3, {{1, 1, 1}, {0, 0, 0}}},
      {FreeBits::kPerSampleAndLatent, 0.3, (0.3 + 2 + 0.5 + 0.3 + 0.3 + 0.5) / 3, {{0, 1, 1}, {0, 0, 1}}},
      {FreeBits::kPerSample, 0.5, (0.5 + 2.125 + 1) / 3, {{0, 1, 1}, {0, 1, 1}}},
      {FreeBits::kTotal, 1, 3.25 / 3, {{1, 1, 1}, {1, 1, 1}}},
      {FreeBits::kTotal, 1.5, 1.5, {{0, 0, 0}, {0, 0, 0}}},
      {FreeBits::kMaskPerSample, 0.5, 3.125 / 3, {{0, 1, 1}, {0, 1, 1}}},
      {FreeBits::kMaskPerSample, 1, 2.125 / 3, {{0, 1, 0}, {0, 1, 0}}},
      {FreeBits::kMaskPerSampleAndLatent, 0.6, 1, {{0, 1, 1}, {0, 0, 1}}},
      {FreeBits::kMaskPerSampleAndLatent, 1, 2.0 / 3, {{0, 1, 0}, {0, 0, 0}}},
      {FreeBits::kMaskTotal, 1, 3.25 / 3, {{1, 1, 1}, {1, 1, 1}}},
      {FreeBits::kMaskTotal, 1.5, 0, {{0, 0, 0}, {0, 0, 0}}},
  };
  for (const Row& row : table) {
    INFO("form " << static_cast<int>(row.form) << ", floor " << row.free_bits);
    const auto terms = divergence<2>(Kl{.free_bits = row.free_bits, .form = row.form}, head, 7);
    CHECK(terms.value == Approx(row.value).epsilon(1e-14));
    CHECK(terms.kl() == Approx(3.25 / 3).epsilon(1e-14));
    for (Index d = 0; d < 2; ++d)
      for (Index s = 0; s < 3; ++s) CHECK(terms.d_mu(d, s) == Approx(row.active[d][s] * head(d, s) / 3).margin(1e-15));
  }
}

TEST_CASE("Kl: no form clamps anything without a floor, and NaN passes every one", "[divergence]") {
  Matrix<double> head(4, 3);
  RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<double>(head.data(), static_cast<std::size_t>(head.size())));
  const auto plain = divergence<2>(Kl{}, head);
  Matrix<double> bad = head;
  bad(1, 1) = kNan;
  for (int form = 0; form <= static_cast<int>(FreeBits::kMaskTotal); ++form) {
    const auto terms = divergence<2>(Kl{.form = static_cast<FreeBits>(form)}, head);
    CHECK(terms.value == Approx(plain.value).epsilon(1e-14));
    CHECK(terms.d_mu == plain.d_mu);
    CHECK(terms.d_log_variance == plain.d_log_variance);
    CHECK_FALSE(std::isfinite(divergence<2>(Kl{.free_bits = 0.5, .form = static_cast<FreeBits>(form)}, bad).value));
  }
}

TEST_CASE("Kl: forms that decide by sample need prepare(), the others do not", "[divergence]") {
  const Matrix<double> head = Matrix<double>::Zero(2, 3);
  const auto q = Latent<1>::posterior(head.data(), 3);
  DivergenceTerms<double> terms(1, 3);
  CHECK_NOTHROW(Kl{.free_bits = 0.5}(q, Progress{}, terms));
  CHECK_NOTHROW(Kl{.free_bits = 0.5, .form = FreeBits::kTotal}(q, Progress{}, terms));
  const Kl by_sample{.free_bits = 0.5, .form = FreeBits::kPerSample};
  CHECK_THROWS_AS(by_sample(q, Progress{}, terms), std::logic_error);
  by_sample.prepare(terms);
  CHECK_NOTHROW(by_sample(q, Progress{}, terms));
  CHECK_THROWS_WITH(Kl{.form = static_cast<FreeBits>(7)}.validate(), ContainsSubstring("form"));
}

TEST_CASE("Kl: gradients with free bits agree with differences of the value", "[divergence][gradient]") {
  constexpr Index kLatents = 3, kSamples = 5;
  Matrix<double> head(2 * kLatents, kSamples);
  RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<double>(head.data(), static_cast<std::size_t>(head.size())));
  head.row(1) *= 0.1;  // this latent stays below the floor, with both its rows
  head.row(kLatents + 1) *= 0.1;
  const Kl kl{.free_bits = 0.2};
  const auto terms = divergence<kLatents>(kl, head);
  REQUIRE(terms.weight[0] == 1);
  REQUIRE(terms.weight[1] == 0);
  Matrix<double> gradient(2 * kLatents, kSamples);
  gradient << terms.d_mu, terms.d_log_variance;
  const auto size = static_cast<std::size_t>(head.size());
  const auto check = bvae::testing::check_gradient<double>(std::span<double>(head.data(), size),
                                                           std::span<const double>(gradient.data(), size),
                                                           [&] { return divergence<kLatents>(kl, head).value; });
  CHECK(check.relative_error < 1e-9);
}

TEST_CASE("Kl: NaN and infinity reach the value, with free bits too", "[divergence]") {
  for (const double free_bits : {0.0, 0.5})
    for (const double bad : {kNan, std::numeric_limits<double>::infinity()})
      for (const Index row : {Index{0}, Index{1}}) {
        Matrix<double> head = Matrix<double>::Zero(2, 3);
        head(row, 1) = bad;
        INFO("free bits " << free_bits << ", value " << bad << ", row " << row);
        CHECK_FALSE(std::isfinite(divergence<1>(Kl{.free_bits = free_bits}, head).value));
      }
}

TEST_CASE("Kl: a posterior far below float's precision of exp does not lose its terms", "[divergence]") {
  Matrix<float> head(2, 1);
  head << 0.0f, 100.0f;  // e^100 is no float
  CHECK(divergence<1>(Kl{}, head).value == Approx(0.5 * (std::exp(100.0) - 101)).epsilon(1e-12));
  head << 0.0f, -200.0f;
  CHECK(divergence<1>(Kl{}, head).value == Approx(99.5).epsilon(1e-12));
}

TEST_CASE("Kl: refuses free bits that are negative or not finite", "[divergence]") {
  CHECK_NOTHROW(Kl{}.validate());
  CHECK_NOTHROW(Kl{.free_bits = 0.25}.validate());
  for (const double bad :
       {-0.1, kNan, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(Kl{.free_bits = bad}.validate(), std::invalid_argument);
    CHECK_THROWS_WITH(Kl{.free_bits = bad}.validate(), ContainsSubstring("Kl: free_bits"));
  }
}
