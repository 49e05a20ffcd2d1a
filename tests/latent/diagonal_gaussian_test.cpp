#include "bvae/latent/diagonal_gaussian.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/latent/latent.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"

using bvae::ConstView;
using bvae::Index;
using bvae::Latent;
using bvae::Matrix;
using bvae::RandomStream;
using bvae::Seed;
using bvae::Stream;
using bvae::Vector;
using bvae::View;

namespace {

constexpr Index kLatents = 4;
constexpr Index kSamples = 5;
using Space = Latent<kLatents>;

template <class Scalar>
Matrix<Scalar> random_matrix(Index rows, Index columns, std::uint32_t sample) {
  Matrix<Scalar> m(rows, columns);
  RandomStream(Seed{12}, Stream::kUser).normal(sample, std::span<Scalar>(m.data(), static_cast<std::size_t>(m.size())));
  return m;
}

}  // namespace

TEST_CASE("Latent: the head's first rows are mu, the others log_variance", "[latent]") {
  static_assert(Space::kDimensions == 4 && Space::kHeadOutputs == 8);
  Matrix<double> head = random_matrix<double>(8, 3, 0);
  const auto q = Space::posterior(static_cast<const double*>(head.data()), 3);
  CHECK(q.latents() == 4);
  CHECK(q.samples() == 3);
  CHECK(q.mu() == head.topRows(4));
  CHECK(q.log_variance() == head.bottomRows(4));
  Space::mu_rows(head.data(), 3)(1, 2) = 7;
  Space::log_variance_rows(head.data(), 3)(1, 2) = 8;
  CHECK(head(1, 2) == 7);
  CHECK(head(5, 2) == 8);
}

TEST_CASE("DiagonalGaussian: the sample is mu + exp(log_variance / 2) noise", "[latent]") {
  const Matrix<double> head = random_matrix<double>(8, kSamples, 1), noise = random_matrix<double>(4, kSamples, 2);
  Matrix<double> z(4, kSamples);
  const auto q = Space::posterior(head.data(), kSamples);
  q.sample(ConstView<double>(noise.data(), 4, kSamples), View<double>(z.data(), 4, kSamples));
  for (Index s = 0; s < kSamples; ++s)
    for (Index d = 0; d < 4; ++d)
      CHECK(z(d, s) == Approx(head(d, s) + std::sqrt(std::exp(head(4 + d, s))) * noise(d, s)).epsilon(1e-14));
}

TEST_CASE("DiagonalGaussian: the sample's gradients are right", "[latent][gradient]") {
  Matrix<double> head = random_matrix<double>(8, kSamples, 3);
  const Matrix<double> noise = random_matrix<double>(4, kSamples, 4), upstream = random_matrix<double>(4, kSamples, 5);
  Matrix<double> z(4, kSamples), gradient(8, kSamples);
  const ConstView<double> eps(noise.data(), 4, kSamples);
  const auto posterior = [&] { return Space::posterior(static_cast<const double*>(head.data()), kSamples); };
  posterior().sample_gradient(eps, ConstView<double>(upstream.data(), 4, kSamples),
                              Space::mu_rows(gradient.data(), kSamples),
                              Space::log_variance_rows(gradient.data(), kSamples));
  const auto check = bvae::testing::check_gradient<double>(
      std::span<double>(head.data(), 8 * kSamples), std::span<const double>(gradient.data(), 8 * kSamples), [&] {
        posterior().sample(eps, View<double>(z.data(), 4, kSamples));
        return z.cwiseProduct(upstream).sum();
      });
  CHECK(check.checked == 40);
  CHECK(check.relative_error < 1e-9);
}

TEST_CASE("DiagonalGaussian: KL of each latent is the mean over the samples", "[latent]") {
  const Matrix<double> head = random_matrix<double>(8, kSamples, 6);
  Vector<double> kl(4);
  Space::posterior(head.data(), kSamples).kl_per_latent(kl);
  for (Index d = 0; d < 4; ++d) {
    double sum = 0;
    for (Index s = 0; s < kSamples; ++s) {
      const double mu = head(d, s), lv = head(4 + d, s);
      sum += 0.5 * (mu * mu + std::exp(lv) - lv - 1);
    }
    CHECK(kl[d] == Approx(sum / kSamples).epsilon(1e-13));
  }
}

TEST_CASE("DiagonalGaussian: KL's gradients are right, each latent with its own weight", "[latent][gradient]") {
  Matrix<double> head = random_matrix<double>(8, kSamples, 7), gradient(8, kSamples);
  Vector<double> weight(4), kl(4);
  weight << 1, 0, 2.5, 0.3;
  const auto posterior = [&] { return Space::posterior(static_cast<const double*>(head.data()), kSamples); };
  posterior().kl_gradient(weight, Space::mu_rows(gradient.data(), kSamples),
                          Space::log_variance_rows(gradient.data(), kSamples));
  const auto check = bvae::testing::check_gradient<double>(std::span<double>(head.data(), 8 * kSamples),
                                                           std::span<const double>(gradient.data(), 8 * kSamples), [&] {
                                                             posterior().kl_per_latent(kl);
                                                             return weight.dot(kl);
                                                           });
  CHECK(check.relative_error < 1e-9);
  CHECK(gradient.row(1).cwiseAbs().maxCoeff() == 0);
}

TEST_CASE("DiagonalGaussian: samples have the posterior's mean and variance", "[latent]") {
  constexpr Index kMany = 100000;
  Matrix<float> head(2, kMany);
  head.row(0).setConstant(-1.5f);
  head.row(1).setConstant(0.8f);
  const Matrix<float> noise = random_matrix<float>(1, kMany, 8);
  Matrix<float> z(1, kMany);
  Latent<1>::posterior(static_cast<const float*>(head.data()), kMany)
      .sample(ConstView<float>(noise.data(), 1, kMany), View<float>(z.data(), 1, kMany));
  const Matrix<double> d = z.cast<double>();
  const double n = kMany, variance = std::exp(0.8);
  CHECK(std::abs(d.mean() + 1.5) < 5 * std::sqrt(variance / n));
  CHECK(std::abs((d.array() - d.mean()).square().mean() / variance - 1) < 5 * std::sqrt(2 / n));
}

TEST_CASE("DiagonalGaussian: floats give the KL of doubles within rounding, also near zero", "[latent]") {
  Matrix<float> head(2, 1);
  head << 1e-3f, 1e-3f;
  Vector<double> kl(1);
  Latent<1>::posterior(static_cast<const float*>(head.data()), 1).kl_per_latent(kl);
  const double mu = static_cast<double>(head(0, 0)), lv = static_cast<double>(head(1, 0));
  CHECK(kl[0] == Approx(0.5 * (mu * mu + std::expm1(lv) - lv)).epsilon(1e-8));
  CHECK(kl[0] > 0);
}
