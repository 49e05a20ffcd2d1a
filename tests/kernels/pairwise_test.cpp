#include "bvae/kernels/pairwise.hpp"

#include <cmath>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::kernels::Size;
using bvae_test::close;
using bvae_test::fill;
using bvae_test::Guarded;
using bvae_test::same_bits;

constexpr std::size_t kLatents = 3;

struct Pairs {
  Pairs(std::size_t count, bool at_end)
      : samples(count),
        stride((count + 15) / 16 * 16),
        z(kLatents * stride, at_end),
        mean(kLatents * stride, at_end),
        half_precision(kLatents * stride, at_end),
        log_scale(kLatents * stride, at_end),
        log_weight(count + stride, at_end),
        joint(count * stride, at_end),
        weights(count * stride, at_end),
        row(stride, at_end),
        maxima(count, at_end),
        sums(count, at_end),
        d_z(count, at_end),
        d_mean(stride, at_end),
        d_log_variance(stride, at_end),
        slopes(kLatents, at_end) {
    fill(z, 1.1, 2), fill(mean, 0.7, 2), fill(half_precision, 0.3, 1, 1.5), fill(log_scale, 0.9);
    fill(log_weight, 0.2, 1, -2), fill(weights, 1.3), fill(d_z, 2.1), fill(d_mean, 2.3), fill(d_log_variance, 2.5);
    for (std::size_t d = 0; d < kLatents; ++d)
      for (std::size_t j = samples; j < stride; ++j)
        log_scale[d * stride + j] = -1e300, half_precision[d * stride + j] = 0;
  }
  bvae::kernels::Densities densities(std::size_t latent) {
    return {mean.data() + latent * stride, half_precision.data() + latent * stride, log_scale.data() + latent * stride};
  }
  void run_joint() {
    for (std::size_t i = 0; i < samples; ++i)
      maxima[i] = bvae::kernels::joint_softmax(Size(kLatents), Size(stride), z.data() + i, densities(0),
                                               log_weight.data() + samples - i, joint.data() + i * stride, sums[i]);
  }
  void run_marginal() {
    bvae::kernels::marginal_softmax(Size(samples), Size(stride), z.data() + stride, densities(1),
                                    log_weight.data() + samples, weights.data(), 0.7, row.data(), maxima.data(),
                                    sums.data(), {d_z.data(), d_mean.data(), d_log_variance.data()});
  }
  double run_kernel(bool quadratic) {
    return bvae::kernels::kernel_sum(Size(kLatents), Size(samples), Size(stride), z.data(), mean.data(),
                                     {0.3, quadratic}, row.data(), slopes.data());
  }
  double log_density(std::size_t d, std::size_t i, std::size_t j) {
    const double t = z[d * stride + i] - mean[d * stride + j];
    return log_scale[d * stride + j] - half_precision[d * stride + j] * t * t;
  }

  std::size_t samples, stride;
  Guarded<double> z, mean, half_precision, log_scale, log_weight, joint, weights, row, maxima, sums, d_z, d_mean,
      d_log_variance, slopes;
};

constexpr double kBar = 1e-12;

void check(std::size_t samples, bool at_end) {
  if (samples == 0) return;
  Pairs p(samples, at_end);
  p.run_joint();
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<double> e(samples);
    double sum = 0;
    for (std::size_t j = 0; j < samples; ++j) {
      double l = p.log_weight[samples - i + j];
      for (std::size_t d = 0; d < kLatents; ++d) l += p.log_density(d, i, j);
      sum += e[j] = std::exp(l);
    }
    REQUIRE(close(p.maxima[i] + std::log(p.sums[i]), std::log(sum), kBar));
    bool right = true;
    for (std::size_t j = 0; j < p.stride; ++j)
      right = right && close(p.joint[i * p.stride + j], j < samples ? e[j] / sum : 0, kBar);
    REQUIRE(right);
  }

  std::vector<double> d_z(p.d_z.begin(), p.d_z.end()), d_mean(p.d_mean.begin(), p.d_mean.end()),
      d_log_variance(p.d_log_variance.begin(), p.d_log_variance.end());
  p.run_marginal();
  bool right = true;
  for (std::size_t i = 0; i < samples; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < samples; ++j) sum += std::exp(p.log_weight[samples - i + j] + p.log_density(1, i, j));
    right = right && close(p.maxima[i] + std::log(p.sums[i]), std::log(sum), kBar);
    for (std::size_t j = 0; j < samples; ++j) {
      const double v = std::exp(p.log_weight[samples - i + j] + p.log_density(1, i, j)) / sum;
      const double g = p.weights[i * p.stride + j] + 0.7 * v;
      const double t = p.z[p.stride + i] - p.mean[p.stride + j];
      const double slope = g * t * 2 * p.half_precision[p.stride + j];
      d_z[i] -= slope, d_mean[j] += slope, d_log_variance[j] += (slope * t - g) / 2;
    }
  }
  for (std::size_t i = 0; i < samples; ++i)
    right = right && close(p.d_z[i], d_z[i], kBar) && close(p.d_mean[i], d_mean[i], kBar) &&
            close(p.d_log_variance[i], d_log_variance[i], kBar);
  REQUIRE(right);

  for (const bool quadratic : {false, true}) {
    double sum = 0;
    double slopes[kLatents] = {};
    for (std::size_t j = 0; j < samples; ++j) {
      double r = 0;
      for (std::size_t d = 0; d < kLatents; ++d) r += std::pow(p.z[d * p.stride] - p.mean[d * p.stride + j], 2);
      const double k = quadratic ? 1 / (1 + 0.3 * r) : std::exp(-0.3 * r);
      sum += k;
      for (std::size_t d = 0; d < kLatents; ++d)
        slopes[d] += (p.z[d * p.stride] - p.mean[d * p.stride + j]) * (quadratic ? k * k : k);
    }
    REQUIRE(close(p.run_kernel(quadratic), sum, kBar));
    for (std::size_t d = 0; d < kLatents; ++d) REQUIRE(close(p.slopes[d], slopes[d], kBar));
  }

  double product = 0;
  for (std::size_t i = 0; i < p.stride; ++i) product += p.z[i] * p.mean[i];
  REQUIRE(close(bvae::kernels::dot(Size(p.stride), p.z.data(), p.mean.data()), product, kBar));
  const std::vector<double> before(p.row.begin(), p.row.end());
  bvae::kernels::add_scaled(Size(p.stride), -1.7, p.z.data(), p.row.data());
  for (std::size_t i = 0; i < p.stride; ++i) REQUIRE(close(p.row[i], before[i] - 1.7 * p.z[i], kBar));
}

}  // namespace

TEST_CASE("kernels::pairwise: are right for any number of samples", "[kernels]") {
  bvae_test::for_isas_and_lengths(check, {.dense = 35, .most = 35});
}

TEST_CASE("kernels::pairwise: have the same bits for all registers", "[kernels]") {
  struct Result {
    Pairs pairs;
    std::vector<double> sums;
  };
  const auto run = [] {
    Result r{Pairs(53, true), {}};
    r.pairs.run_joint();
    r.sums.assign(r.pairs.sums.begin(), r.pairs.sums.end());
    r.pairs.run_marginal();
    r.sums.push_back(r.pairs.run_kernel(false));
    r.sums.insert(r.sums.end(), r.pairs.slopes.begin(), r.pairs.slopes.end());
    r.sums.push_back(r.pairs.run_kernel(true));
    r.sums.push_back(bvae::kernels::dot(64, r.pairs.z.data(), r.pairs.mean.data()));
    bvae::kernels::add_scaled(64, -1.7, r.pairs.z.data(), r.pairs.row.data());
    return r;
  };
  bvae_test::for_fused_isas(run, [](const Result& first, const Result& other) {
    CHECK(same_bits(first.sums, other.sums));
    CHECK(same_bits(first.pairs.joint, other.pairs.joint));
    CHECK(same_bits(first.pairs.sums, other.pairs.sums));
    CHECK(same_bits(first.pairs.maxima, other.pairs.maxima));
    CHECK(same_bits(first.pairs.d_z, other.pairs.d_z));
    CHECK(same_bits(first.pairs.d_mean, other.pairs.d_mean));
    CHECK(same_bits(first.pairs.d_log_variance, other.pairs.d_log_variance));
    CHECK(same_bits(first.pairs.row, other.pairs.row));
    CHECK(same_bits(first.pairs.slopes, other.pairs.slopes));
  });
}
