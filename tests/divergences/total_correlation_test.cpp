#include "bvae/divergences/total_correlation.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "divergences/harness.hpp"
#include "support/catch.hpp"

using bvae::Index;
using bvae::Matrix;
using bvae::MinibatchEstimator;
using bvae::TotalCorrelation;
using harness::normal;
using harness::terms_of;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr MinibatchEstimator kBoth[] = {MinibatchEstimator::kStratified, MinibatchEstimator::kWeighted};

/// Mutual information, total correlation, dimension-wise KL.
template <Index kLatents>
std::array<double, 3> parts(const TotalCorrelation& divergence, const Matrix<double>& head, const Matrix<double>& z) {
  const auto terms = terms_of<kLatents>(divergence, head, z);
  CHECK(terms.parts.at(0).name == "mutual_information");
  CHECK(terms.parts.at(1).name == "total_correlation");
  CHECK(terms.parts.at(2).name == "dimension_wise_kl");
  return {terms.parts[0].value, terms.parts[1].value, terms.parts[2].value};
}

/// Samples of the posteriors.
Matrix<double> sample(const Matrix<double>& head, std::uint64_t step = 9) {
  const Index latents = head.rows() / 2;
  return head.topRows(latents).array() +
         (head.bottomRows(latents).array() / 2).exp() * normal(latents, head.cols(), step).array();
}

}  // namespace

TEST_CASE("MinibatchEstimator: stratified weights add up to 1, the diagonal has 1 / N", "[divergence]") {
  for (const Index batch : {1, 2, 3, 16, 37}) {
    const Index n = 40;
    std::vector<double> weights(static_cast<std::size_t>(2 * batch + 16));
    for (const MinibatchEstimator estimator : kBoth) {
      bvae::fill_log_weights(estimator, batch, n, weights);
      for (Index i = 0; i < batch; ++i) {
        double sum = 0;
        for (Index j = 0; j < batch; ++j) {
          const double w = std::exp(weights[static_cast<std::size_t>(batch - i + j)]);
          sum += w;
          const double b = static_cast<double>(batch);
          double expected = 1 / (40 * b);
          if (estimator == MinibatchEstimator::kStratified && batch > 1)
            expected = j == i ? 1.0 / 40 : j == (i + 1) % batch ? (41 - b) / (40 * (b - 1)) : 1 / (b - 1);
          CHECK(w == Approx(expected).epsilon(1e-12));
        }
        const bool whole = estimator == MinibatchEstimator::kStratified && batch > 1;
        CHECK(sum == Approx(whole ? 1.0 : 1.0 / 40).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("TotalCorrelation: all three parts vanish where every posterior is the prior", "[divergence]") {
  const Matrix<double> head = Matrix<double>::Zero(6, 21);
  const Matrix<double> z = sample(head);
  const auto [mi, tc, dw] = parts<3>({.data_size = 1000}, head, z);
  CHECK(std::abs(mi) < 1e-12);
  CHECK(std::abs(tc) < 1e-12);
  CHECK(std::abs(dw) < 1e-12);
  // The other weights add up to 1 / N: densities are N times too small.
  const auto [mi_w, tc_w, dw_w] = parts<3>({.estimator = MinibatchEstimator::kWeighted, .data_size = 1000}, head, z);
  CHECK(mi_w == Approx(std::log(1000)).epsilon(1e-12));
  CHECK(tc_w == Approx(2 * std::log(1000)).epsilon(1e-12));
  CHECK(dw_w == Approx(-3 * std::log(1000)).epsilon(1e-12));
}

TEST_CASE("TotalCorrelation: posteriors that never meet have the mutual information log N", "[divergence]") {
  Matrix<double> head = Matrix<double>::Constant(4, 30, -12);
  for (Index s = 0; s < 30; ++s) head(0, s) = head(1, s) = static_cast<double>(s);
  const Matrix<double> z = sample(head);
  CHECK(parts<2>({.data_size = 500}, head, z)[0] == Approx(std::log(500)).epsilon(1e-12));
  CHECK(parts<2>({.estimator = MinibatchEstimator::kWeighted, .data_size = 500}, head, z)[0] ==
        Approx(std::log(500 * 30)).epsilon(1e-12));
  // Never above log N, however the posteriors lie.
  for (const double spread : {0.1, 0.5, 1.0, 3.0}) {
    Matrix<double> random = normal(4, 30, 3) * spread;
    CHECK(parts<2>({.data_size = 30}, random, sample(random))[0] <= std::log(30) + 1e-12);
  }
  // A batch of one has the whole data set's information.
  const Matrix<double> one = normal(4, 1, 5);
  CHECK(parts<2>({.data_size = 500}, one, sample(one))[0] == Approx(std::log(500)).epsilon(1e-12));
}

TEST_CASE("TotalCorrelation: about 0 for a q that factorises, large for one that does not", "[divergence]") {
  // Means on a grid, then on its diagonal.
  Matrix<double> grid(4, 256);
  Matrix<double> line(4, 256);
  for (Index s = 0; s < 256; ++s) {
    const double a = static_cast<double>(s % 16) - 7.5;
    const double b = static_cast<double>(s / 16) - 7.5;
    grid.col(s) << a, b, 0, 0;
    line.col(s) << a, a, -4, -4;
  }
  CHECK(std::abs(parts<2>({.data_size = 256}, grid, sample(grid))[1]) < 0.1);
  CHECK(parts<2>({.data_size = 256}, line, sample(line))[1] > 2);
}

TEST_CASE("TotalCorrelation: no sample is special", "[divergence]") {
  // Moving all samples on by one leaves stratified weights as they are; a diagonal in the wrong place would not.
  const Matrix<double> head = normal(6, 13, 1);
  const Matrix<double> z = sample(head);
  Matrix<double> moved_head(6, 13);
  Matrix<double> moved_z(3, 13);
  for (Index s = 0; s < 13; ++s) {
    moved_head.col((s + 1) % 13) = head.col(s);
    moved_z.col((s + 1) % 13) = z.col(s);
  }
  for (const MinibatchEstimator estimator : kBoth) {
    const TotalCorrelation divergence{.estimator = estimator, .data_size = 99};
    const auto here = terms_of<3>(divergence, head, z);
    const auto there = terms_of<3>(divergence, moved_head, moved_z);
    CHECK(here.value == Approx(there.value).epsilon(1e-12));
    for (Index s = 0; s < 13; ++s) CHECK((here.d_mu.col(s) - there.d_mu.col((s + 1) % 13)).norm() < 1e-12);
  }
}

TEST_CASE("TotalCorrelation: the parts add up to the KL of the samples, whatever the weights", "[divergence]") {
  const Matrix<double> head = normal(6, 13, 1);
  const Matrix<double> z = sample(head);
  double expected = 0;
  for (Index s = 0; s < 13; ++s)
    for (Index d = 0; d < 3; ++d) {
      const double t = z(d, s) - head(d, s), lv = head(3 + d, s);
      expected += 0.5 * (z(d, s) * z(d, s) - t * t * std::exp(-lv) - lv) / 13;
    }
  for (const MinibatchEstimator estimator : kBoth) {
    const auto [mi, tc, dw] = parts<3>({.estimator = estimator, .data_size = 99}, head, z);
    CHECK(mi + tc + dw == Approx(expected).epsilon(1e-12));
  }
  const auto [mi, tc, dw] = parts<3>({.data_size = 99}, head, z);
  const auto terms = terms_of<3>(TotalCorrelation{.alpha = 2, .beta_tc = 3, .gamma = 5, .data_size = 99}, head, z);
  CHECK(terms.value == Approx(2 * mi + 3 * tc + 5 * dw).epsilon(1e-12));
  bvae::Vector<double> kl(3);
  bvae::Latent<3>::posterior(head.data(), 13).kl_per_latent(kl);
  CHECK(terms.kl_per_latent == kl);  // the plain KL is reported beside it
}

TEST_CASE("TotalCorrelation: NaN reaches the value", "[divergence]") {
  for (const Index row : {0, 3}) {
    Matrix<double> head = normal(6, 13, 1);
    const Matrix<double> z = sample(head);
    head(row, 7) = kNan;
    CHECK_FALSE(std::isfinite(terms_of<3>(TotalCorrelation{.data_size = 99}, head, z).value));
  }
}

TEST_CASE("TotalCorrelation: refuses bad weights and a data set smaller than a batch", "[divergence]") {
  CHECK_NOTHROW(TotalCorrelation{}.validate());
  for (const double bad : {-0.1, kNan, kInfinity}) {
    CHECK_THROWS_WITH(TotalCorrelation{.alpha = bad}.validate(), ContainsSubstring("TotalCorrelation: alpha"));
    CHECK_THROWS_AS(TotalCorrelation{.beta_tc = bad}.validate(), std::invalid_argument);
    CHECK_THROWS_AS(TotalCorrelation{.gamma = bad}.validate(), std::invalid_argument);
  }
  CHECK_THROWS_WITH(TotalCorrelation{.data_size = -1}.validate(), ContainsSubstring("data_size"));
  bvae::DivergenceTerms<double> unknown(3, 16);
  CHECK_THROWS_WITH(TotalCorrelation{}.prepare(unknown), ContainsSubstring("data_size"));
  CHECK_THROWS_AS(TotalCorrelation{.data_size = 15}.prepare(unknown), std::invalid_argument);
  CHECK_NOTHROW(TotalCorrelation{.data_size = 16}.prepare(unknown));
  bvae::DivergenceTerms<double> known(3, 16, {.data_size = 15});
  CHECK_THROWS_AS(TotalCorrelation{}.prepare(known), std::invalid_argument);
  CHECK_NOTHROW(TotalCorrelation{.data_size = 17}.prepare(known));  // what the user says counts
  // Without prepare() there is no memory to work in.
  const Matrix<double> head = normal(6, 13, 1);
  bvae::DivergenceTerms<double> unprepared(3, 16, {.data_size = 99});
  const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, 13);
  CHECK_THROWS_AS(TotalCorrelation{}(pass, bvae::Latent<3>::posterior(head.data(), 13),
                                     bvae::ConstView<double>(head.data(), 3, 13), bvae::Progress{}, unprepared),
                  std::logic_error);
}
