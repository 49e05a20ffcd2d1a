#include "bvae/kernels/diagonal_gaussian.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::kernels::Columns;
using bvae::kernels::Size;
using bvae_test::fill;
using bvae_test::Guarded;
using bvae_test::same_bits;

constexpr std::size_t kSamples = 3;

/// Heads hold mu and, below, log_variance of each sample.
template <class T>
struct Batch {
  Batch(std::size_t latents, bool at_end)
      : m(static_cast<Size>(latents)),
        head(2 * latents * kSamples, at_end),
        delta(2 * latents * kSamples, at_end),
        noise(latents * kSamples, at_end),
        z(latents * kSamples, at_end),
        dz(latents * kSamples, at_end),
        kl_z(latents * kSamples, at_end),
        kl_mu(latents * kSamples, at_end),
        kl_log_variance(latents * kSamples, at_end),
        kl(latents, at_end),
        weight(latents, at_end),
        values(latents * kSamples, at_end) {
    fill(head, 1.1, 2), fill(noise, 0.7), fill(dz, 0.3), fill(kl_z, 0.5), fill(kl_mu, 0.9), fill(kl_log_variance, 1.7);
    for (std::size_t d = 0; d < latents; ++d) weight[d] = static_cast<double>(d % 3);
  }
  Columns<const T> mu() { return {head.data(), 2 * m}; }
  Columns<const T> log_variance() { return {head.data() + m, 2 * m}; }
  Columns<T> d_mu() { return {delta.data(), 2 * m}; }
  Columns<T> d_log_variance() { return {delta.data() + m, 2 * m}; }
  Columns<const T> read(Guarded<T>& from) { return {from.data(), m}; }

  void sample() {
    bvae::kernels::gaussian_sample<T>(m, Size(kSamples), mu(), log_variance(), read(noise), {z.data(), m});
  }
  void gradient(bool with_divergence) {
    bvae::kernels::DivergenceGradient<T> divergence{};
    if (with_divergence) divergence = {T(4), read(kl_mu), read(kl_log_variance), read(kl_z)};
    bvae::kernels::gaussian_gradient<T>(m, Size(kSamples), log_variance(), read(noise), read(dz), divergence, d_mu(),
                                        d_log_variance());
  }
  void kl_values() { bvae::kernels::gaussian_kl_values<T>(m, Size(kSamples), mu(), log_variance(), values.data()); }
  void kl_per_latent() { bvae::kernels::gaussian_kl<T>(m, Size(kSamples), mu(), log_variance(), kl.data()); }
  void kl_gradient() {
    bvae::kernels::gaussian_kl_gradient<T>(m, Size(kSamples), mu(), log_variance(), weight.data(), d_mu(),
                                           d_log_variance());
  }

  Size m;
  Guarded<T> head, delta, noise, z, dz, kl_z, kl_mu, kl_log_variance;
  Guarded<double> kl, weight, values;
};

template <class T>
bool close(T value, double expected) {
  return bvae_test::close(value, expected, 16 * double(std::numeric_limits<T>::epsilon()));
}

/// Calls check(head index of mu, of log_variance, index in a batch of latents, latent).
template <class Check>
bool for_all(std::size_t latents, Check check) {
  bool right = true;
  for (std::size_t s = 0; s < kSamples; ++s)
    for (std::size_t d = 0; d < latents; ++d)
      right = right && check(2 * latents * s + d, 2 * latents * s + latents + d, latents * s + d, d);
  return right;
}

template <class T>
void check(std::size_t latents, bool at_end) {
  Batch<T> b(latents, at_end);
  b.sample();
  REQUIRE(for_all(latents, [&](std::size_t mu, std::size_t lv, std::size_t i, std::size_t) {
    return close(b.z[i], double(b.head[mu]) + std::exp(double(b.head[lv]) / 2) * double(b.noise[i]));
  }));
  for (const bool with_divergence : {false, true}) {
    b.gradient(with_divergence);
    const double beta = with_divergence ? 4 : 0;
    REQUIRE(for_all(latents, [&](std::size_t mu, std::size_t lv, std::size_t i, std::size_t) {
      const double to_z = double(b.dz[i]) + beta * double(b.kl_z[i]);
      const double slope = to_z * double(b.noise[i]) * std::exp(double(b.head[lv]) / 2) / 2;
      return close(b.delta[mu], to_z + beta * double(b.kl_mu[i])) &&
             close(b.delta[lv], slope + beta * double(b.kl_log_variance[i]));
    }));
  }
  b.kl_gradient();
  REQUIRE(for_all(latents, [&](std::size_t mu, std::size_t lv, std::size_t, std::size_t d) {
    const double weight = b.weight[d] / double(kSamples);
    return close(b.delta[mu], weight * double(b.head[mu])) &&
           close(b.delta[lv], weight * std::expm1(double(b.head[lv])) / 2);
  }));
  b.kl_values();
  REQUIRE(for_all(latents, [&](std::size_t mu, std::size_t lv, std::size_t i, std::size_t) {
    const double m = double(b.head[mu]), v = double(b.head[lv]);
    return bvae_test::close(b.values[i], (m * m + std::expm1(v) - v) / 2, 1e-14);
  }));
  b.kl_per_latent();
  std::vector<double> kl(latents);
  for_all(latents, [&](std::size_t mu, std::size_t lv, std::size_t, std::size_t d) {
    const double m = double(b.head[mu]), v = double(b.head[lv]);
    kl[d] += (m * m + std::expm1(v) - v) / (2 * double(kSamples));
    return true;
  });
  bool right = true;
  for (std::size_t d = 0; d < latents; ++d) right = right && close(b.kl[d], kl[d]);
  REQUIRE(right);
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::gaussian_*: are right for any number of latents", "[kernels]", float, double) {
  bvae_test::for_isas_and_lengths(check<TestType>);
}

TEMPLATE_TEST_CASE("kernels::gaussian_*: have the same bits for all registers", "[kernels]", float, double) {
  for (const bool kl : {false, true}) {
    const auto run = [kl] {
      Batch<TestType> b(53, true);
      b.sample();
      b.kl_per_latent();
      b.kl_values();
      kl ? b.kl_gradient() : b.gradient(true);
      return b;
    };
    bvae_test::for_fused_isas(run, [](const auto& first, const auto& other) {
      CHECK(same_bits(first.z, other.z));
      CHECK(same_bits(first.kl, other.kl));
      CHECK(same_bits(first.values, other.values));
      CHECK(same_bits(first.delta, other.delta));
    });
  }
}
