#include "bvae/metrics/log_likelihood.hpp"

#include <Eigen/Cholesky>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <stdexcept>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/likelihoods/optimal_gaussian.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/models/vae.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using bvae::Bernoulli;
using bvae::Dataset;
using bvae::Gaussian;
using bvae::Index;
using bvae::log_likelihood;
using bvae::LogLikelihood;
using bvae::Matrix;
using bvae::RandomStream;
using bvae::Seed;
using bvae::Stream;
using bvae::Vector;

namespace {

constexpr Index kFeatures = 5;
constexpr Index kLatents = 2;
using Model = bvae::Vae<bvae::Features<kFeatures>, bvae::Encoder<bvae::Linear<9>, bvae::Tanh>, bvae::Latent<kLatents>,
                        bvae::Decoder<bvae::Linear<8>, bvae::Tanh, bvae::Linear<kFeatures>>, double>;
/// x = W z + b + noise: log p(x) has a closed form.
using LinearModel = bvae::Vae<bvae::Features<kFeatures>, bvae::Encoder<bvae::Linear<9>, bvae::Tanh>,
                              bvae::Latent<kLatents>, bvae::Decoder<bvae::Linear<kFeatures>>, double>;

Matrix<double> uniform(Index samples) {
  Matrix<double> x(kFeatures, samples);
  RandomStream(Seed{8}, Stream::kUser).uniform(0, std::span<double>(x.data(), static_cast<std::size_t>(x.size())));
  return x;
}

/// The definition, one sample and one draw after the other, without any care for overflow.
double direct(const Model& m, const Matrix<double>& x, Index draws, Seed seed) {
  const auto q = m.encode(x);
  double sum = 0;
  for (Index s = 0; s < x.cols(); ++s) {
    double weights = 0;
    for (Index k = 0; k < draws; ++k) {
      Vector<double> noise(kLatents);
      RandomStream(seed, Stream::kEvaluationNoise, static_cast<std::uint64_t>(k))
          .normal(static_cast<std::uint32_t>(s), std::span<double>(noise.data(), kLatents));
      const Vector<double> sigma = (q.log_variance.col(s).array() / 2).exp();
      const Vector<double> z = q.mu.col(s) + sigma.cwiseProduct(noise);
      double log_weight = 0;
      for (Index d = 0; d < kLatents; ++d)
        log_weight += -z[d] * z[d] / 2 + noise[d] * noise[d] / 2 + std::log(sigma[d]);
      const Vector<double> logits = m.decode(z);
      for (Index i = 0; i < kFeatures; ++i) log_weight += x(i, s) * logits[i] - std::log1p(std::exp(logits[i]));
      weights += std::exp(log_weight);
    }
    sum += std::log(weights / static_cast<double>(draws));
  }
  return sum / static_cast<double>(x.cols());
}

/// log N(x; b, W W^T + sigma^2 I), mean over the columns.
double exact(const LinearModel& m, const Matrix<double>& x, double sigma) {
  const Matrix<double> zero = Matrix<double>::Zero(kLatents, 1);
  const Vector<double> b = m.decode(zero);
  Matrix<double> w(kFeatures, kLatents);
  for (Index d = 0; d < kLatents; ++d) w.col(d) = m.decode(Matrix<double>(Vector<double>::Unit(kLatents, d))) - b;
  const Matrix<double> covariance = w * w.transpose() + sigma * sigma * Matrix<double>::Identity(kFeatures, kFeatures);
  const Eigen::LLT<Matrix<double>> cholesky(covariance);
  double log_determinant = 0;
  for (Index i = 0; i < kFeatures; ++i) log_determinant += 2 * std::log(cholesky.matrixLLT()(i, i));
  double sum = 0;
  for (Index s = 0; s < x.cols(); ++s) {
    const Vector<double> r = x.col(s) - b;
    sum -=
        (r.dot(cholesky.solve(r)) + log_determinant + static_cast<double>(kFeatures) * std::log(2 * std::numbers::pi)) /
        2;
  }
  return sum / static_cast<double>(x.cols());
}

/// As Bernoulli, but says that it is no density.
struct Score : Bernoulli {
  static constexpr std::string_view kName = "score";
  static constexpr bool kIsDensity = false;
};

}  // namespace

TEST_CASE("log_likelihood: is the definition", "[metrics]") {
  const Model m{Seed{2}};
  const Matrix<double> x = uniform(11);
  for (const Index draws : {1, 2, 7}) {
    const LogLikelihood estimate = log_likelihood(m, Dataset(x), Bernoulli{}, {.draws = draws, .seed = Seed{5}});
    CHECK(estimate.mean == Approx(direct(m, x, draws, Seed{5})).epsilon(1e-12));
    CHECK(estimate.samples == 11);
    CHECK(estimate.draws == draws);
  }
}

TEST_CASE("log_likelihood: approaches the closed form of a linear model from below", "[metrics]") {
  const LinearModel m{Seed{3}};
  const Matrix<double> x = uniform(600);  // more than a block
  const Gaussian likelihood{.sigma = 0.5};
  const double truth = exact(m, x, 0.5);
  const auto estimate = [&](Index draws) { return log_likelihood(m, Dataset(x), likelihood, {.draws = draws}).mean; };
  const double one = estimate(1);
  const double ten = estimate(10);
  const double many = estimate(2000);
  CHECK(one < ten - 0.05);
  CHECK(ten < many);
  CHECK(many == Approx(truth).margin(2e-3));
}

TEST_CASE("log_likelihood: far apart weights neither overflow nor vanish", "[metrics]") {
  const LinearModel m{Seed{3}};
  const Matrix<double> x = 100 * uniform(3);
  const double mean = log_likelihood(m, Dataset(x), Gaussian{.sigma = 0.01}, {.draws = 20}).mean;
  CHECK(std::isfinite(mean));
  CHECK(mean < -1e6);
}

TEST_CASE("log_likelihood: the same bits for any number of threads", "[metrics]") {
  const Model m{Seed{2}};
  const Dataset data(uniform(530));
  const double one = log_likelihood(m, data, Bernoulli{}, {.draws = 3}, 1).mean;
  for (const int threads : {2, 3, 4}) CHECK(log_likelihood(m, data, Bernoulli{}, {.draws = 3}, threads).mean == one);
}

TEST_CASE("log_likelihood: refuses what has none", "[metrics]") {
  const Model m{Seed{2}};
  const Dataset data(uniform(4));
  CHECK_THROWS_WITH(log_likelihood(m, data, Bernoulli{}, {.draws = 0}), Catch::Contains("draws must be 1 or more"));
  CHECK_THROWS_WITH(log_likelihood(m, data, Score{}), Catch::Contains("score is not a density"));
  CHECK_THROWS_WITH(log_likelihood(m, data, bvae::OptimalGaussian{}), Catch::Contains("of all samples together"));
  CHECK_THROWS_AS(log_likelihood(m, Dataset(Matrix<double>::Zero(4, 4)), Bernoulli{}), std::invalid_argument);
}
