#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"

namespace {

using bvae::Index;
using oracle::Golden;

constexpr Index kSamples = 5;
constexpr Index kLatents = 6;
using Space = bvae::Latent<kLatents>;

// mu above log_variance, as the head puts them out; latent d is spread by 2^(1 - d).
template <class Scalar>
bvae::Matrix<Scalar> head() {
  bvae::Matrix<Scalar> h(2 * kLatents, kSamples);
  for (Index s = 0; s < kSamples; ++s)
    for (Index d = 0; d < kLatents; ++d) {
      const double spread = std::ldexp(1.0, 1 - static_cast<int>(d));
      h(d, s) = static_cast<Scalar>(spread * oracle::formula(14, s * kLatents + d));
      h(kLatents + d, s) = static_cast<Scalar>(2 * spread * oracle::formula(15, s * kLatents + d));
    }
  return h;
}

template <class Scalar>
bvae::ConstView<Scalar> view(const bvae::Matrix<Scalar>& m) {
  return {m.data(), m.rows(), m.cols()};
}

template <class Scalar>
void check_sample(double bar) {
  const Golden golden("losses.safetensors");
  const bvae::Matrix<Scalar> h = head<Scalar>();
  const auto q = Space::posterior(h.data(), kSamples);
  const bvae::Matrix<Scalar> noise = oracle::formula_matrix<Scalar>(16, kLatents, kSamples, 2);
  bvae::Matrix<Scalar> z(kLatents, kSamples);
  q.sample(view(noise), bvae::View<Scalar>(z.data(), kLatents, kSamples));
  CHECK(oracle::relative_error(z, golden["sample.z"]) <= bar);

  bvae::Matrix<Scalar> dh(2 * kLatents, kSamples);
  q.sample_gradient(view(noise), view(oracle::formula_matrix<Scalar>(17, kLatents, kSamples)),
                    Space::mu_rows(dh.data(), kSamples), Space::log_variance_rows(dh.data(), kSamples));
  CHECK(oracle::relative_error<Scalar>(dh.topRows(kLatents), golden["sample.d_mu"]) <= bar);
  CHECK(oracle::relative_error<Scalar>(dh.bottomRows(kLatents), golden["sample.d_log_variance"]) <= bar);
}

template <class Scalar>
void check_kl(double free_bits, const std::string& name, double bar) {
  const Golden golden("losses.safetensors");
  const bvae::Matrix<Scalar> h = head<Scalar>();
  bvae::DivergenceTerms<Scalar> terms(kLatents, kSamples + 3);  // room for more samples than there are
  bvae::Kl{.free_bits = free_bits}(Space::posterior(h.data(), kSamples), bvae::Progress{}, terms);
  const std::vector<double> per_latent(terms.kl_per_latent.begin(), terms.kl_per_latent.end());
  CHECK(oracle::pointwise_error<double>(per_latent, golden[name + ".per_latent"], 0.1) <= 4e-15);
  CHECK(std::abs(terms.value / golden[name + ".value"][0] - 1) <= 4e-15);
  CHECK(oracle::relative_error<Scalar>(terms.d_mu.leftCols(kSamples), golden[name + ".d_mu"]) <= bar);
  CHECK(oracle::relative_error<Scalar>(terms.d_log_variance.leftCols(kSamples), golden[name + ".d_log_variance"]) <=
        bar);
}

}  // namespace

TEST_CASE("DiagonalGaussian: sample and its gradients are PyTorch's", "[latent][pytorch]") {
  check_sample<double>(4e-15);
  check_sample<float>(5e-7);
}

TEST_CASE("Kl: value and gradients are PyTorch's, plain and with free bits", "[divergences][pytorch]") {
  for (const std::string free_bits : {"0.0", "0.2", "1.0"}) {
    INFO("free bits " << free_bits);
    check_kl<double>(std::stod(free_bits), "kl." + free_bits, 4e-15);
    check_kl<float>(std::stod(free_bits), "kl." + free_bits, 5e-7);
  }
}

TEST_CASE("DiagonalGaussian: KL and its gradients have their exact values", "[latent]") {
  struct Row {
    double mu, log_variance, kl, d_mu, d_log_variance;
  };
  const std::vector<Row> table{{0, 0, 0, 0, 0},
                               {1, 0, .5, 1, 0},
                               {0, 1, .35914091422952255, 0, .8591409142295225},
                               {1, 1, .8591409142295225, 1, .8591409142295225},
                               {.5, -2, .6926676416183064, .5, -.43233235838169365},
                               {-2, .5, 2.074360635350064, -2, .3243606353500641}};
  constexpr Index kRows = 6;
  constexpr Index kCopies = 3;  // equal samples: the mean is each one's KL
  bvae::Matrix<double> h(2 * kRows, kCopies);
  for (Index d = 0; d < kRows; ++d) {
    h.row(d).setConstant(table[static_cast<std::size_t>(d)].mu);
    h.row(kRows + d).setConstant(table[static_cast<std::size_t>(d)].log_variance);
  }
  const auto q = bvae::Latent<kRows>::posterior(h.data(), kCopies);
  bvae::Vector<double> kl(kRows);
  q.kl_per_latent(kl);
  bvae::Vector<double> weight = bvae::Vector<double>::LinSpaced(kRows, 1.0, 3.5);
  bvae::Matrix<double> dh(2 * kRows, kCopies);
  q.kl_gradient(weight, bvae::Latent<kRows>::mu_rows(dh.data(), kCopies),
                bvae::Latent<kRows>::log_variance_rows(dh.data(), kCopies));
  for (Index d = 0; d < kRows; ++d) {
    const Row& row = table[static_cast<std::size_t>(d)];
    CHECK(std::abs(kl[d] - row.kl) <= 1e-12);
    for (Index s = 0; s < kCopies; ++s) {
      CHECK(std::abs(dh(d, s) - weight[d] * row.d_mu / kCopies) <= 1e-12);
      CHECK(std::abs(dh(kRows + d, s) - weight[d] * row.d_log_variance / kCopies) <= 1e-12);
    }
  }
}
