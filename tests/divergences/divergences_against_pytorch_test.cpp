#include <algorithm>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

namespace {

using bvae::FreeBits;
using bvae::Index;
using oracle::Golden;

// mu, log_variance and z as the oracle's; mu above log_variance, as the head puts them out.
template <class Scalar, Index kLatents>
struct Batch {
  explicit Batch(Index samples) : head(2 * kLatents, samples), z(kLatents, samples) {
    for (Index s = 0; s < samples; ++s)
      for (Index d = 0; d < kLatents; ++d) {
        const double spread = std::ldexp(1.0, 1 - static_cast<int>(d));
        const Index i = s * kLatents + d;
        head(d, s) = static_cast<Scalar>(spread * oracle::formula(60, i));
        head(kLatents + d, s) = static_cast<Scalar>(2 * spread * oracle::formula(61, i));
        z(d, s) = static_cast<Scalar>(static_cast<double>(head(d, s)) + oracle::formula(62, i));
      }
  }
  bvae::Matrix<Scalar> head, z;
};

template <class Scalar, Index kLatents, class D>
bvae::DivergenceTerms<Scalar> run(const D& divergence, Index samples, const bvae::DivergenceContext& context = {},
                                  const bvae::Progress& progress = {}) {
  divergence.validate();
  const Batch<Scalar, kLatents> batch(samples);
  bvae::DivergenceTerms<Scalar> terms(kLatents, samples + 3, context);  // room for more samples than there are
  if constexpr (requires { divergence.prepare(terms); }) divergence.prepare(terms);
  const auto q = bvae::Latent<kLatents>::posterior(batch.head.data(), samples);
  if constexpr (bvae::SampleDivergenceOf<D, decltype(q), bvae::Progress, bvae::DivergenceTerms<Scalar>>) {
    const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, samples);
    divergence(pass, q, bvae::ConstView<Scalar>(batch.z.data(), kLatents, samples), progress, terms);
  } else {
    divergence(q, progress, terms);
  }
  return terms;
}

struct Bars {
  double value, gradient;
};
template <class Scalar>
constexpr Bars kBars = sizeof(Scalar) == 8 ? Bars{1e-13, 1e-12} : Bars{1e-7, 2e-7};

template <class Scalar>
void compare(const bvae::DivergenceTerms<Scalar>& terms, Index samples, const std::string& name,
             Bars bars = kBars<Scalar>) {
  const Golden golden("divergences.safetensors");
  const double value = golden[name + ".value"][0];
  INFO(name << ": " << terms.value << " instead of " << value);
  CHECK(std::abs(terms.value - value) <= bars.value * std::max(1.0, std::abs(value)));
  const auto check = [&](const bvae::Matrix<Scalar>& gradient, const char* of) {
    const double error = oracle::relative_error<Scalar>(gradient.leftCols(samples), golden[name + of]);
    INFO(of << ": " << error);
    CHECK(error <= bars.gradient);
  };
  check(terms.d_mu, ".d_mu");
  check(terms.d_log_variance, ".d_log_variance");
  if (terms.d_z.size() > 0) check(terms.d_z, ".d_z");
}

constexpr Index kSamples = 19;
constexpr Index kLatents = 5;

struct Form {
  const char* name;
  FreeBits form;
  double floor;
};
const std::vector<Form> kForms{{"per_sample_and_latent", FreeBits::kPerSampleAndLatent, 0.1},
                               {"per_sample", FreeBits::kPerSample, 2.5},
                               {"mask_per_sample", FreeBits::kMaskPerSample, 2.5},
                               {"mask_per_sample_and_latent", FreeBits::kMaskPerSampleAndLatent, 0.5},
                               {"total.0.5", FreeBits::kTotal, 0.5},
                               {"total.50.0", FreeBits::kTotal, 50},
                               {"mask_total.0.5", FreeBits::kMaskTotal, 0.5},
                               {"mask_total.50.0", FreeBits::kMaskTotal, 50}};

}  // namespace

TEMPLATE_TEST_CASE("Kl: all forms of free bits are PyTorch's", "[divergences][pytorch]", float, double) {
  for (const auto& [name, form, floor] : kForms)
    compare(run<TestType, kLatents>(bvae::Kl{.free_bits = floor, .form = form}, kSamples), kSamples,
            std::string("kl.") + name);
}

TEMPLATE_TEST_CASE("Capacity: value and gradients are PyTorch's on both sides of C", "[divergences][pytorch]", float,
                   double) {
  for (const std::string aim : {"0.5", "50.0"})
    compare(run<TestType, kLatents>(bvae::Capacity{bvae::Constant{std::stod(aim)}, 30.0}, kSamples), kSamples,
            "capacity." + aim);
}

TEMPLATE_TEST_CASE("TotalCorrelation: value, parts and gradients are PyTorch's", "[divergences][pytorch]", float,
                   double) {
  for (const bool stratified : {true, false}) {
    const std::string name = std::string("total_correlation.") + (stratified ? "stratified" : "weighted");
    const bvae::TotalCorrelation divergence{
        .alpha = 0.7,
        .beta_tc = 5.0,
        .gamma = 1.4,
        .estimator = stratified ? bvae::MinibatchEstimator::kStratified : bvae::MinibatchEstimator::kWeighted};
    const auto terms = run<TestType, kLatents>(divergence, kSamples, {.data_size = 1000});
    compare(terms, kSamples, name);
    const std::vector<double> parts = Golden("divergences.safetensors")[name + ".parts"];
    for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(terms.parts[k].value - parts[k]) <= 1e-12);
  }
}

TEMPLATE_TEST_CASE("DipVae: both types are PyTorch's", "[divergences][pytorch]", float, double) {
  for (const bool first : {true, false}) {
    const std::string name = first ? "dip_vae.i" : "dip_vae.ii";
    const auto terms = run<TestType, kLatents>(
        bvae::DipVae{.type = first ? bvae::DipType::kI : bvae::DipType::kII, .lambda_od = 3, .lambda_d = 7}, kSamples);
    compare(terms, kSamples, name);
    CHECK(terms.parts[0].value == Approx(Golden("divergences.safetensors")[name + ".penalty"][0]).epsilon(1e-12));
  }
}

TEMPLATE_TEST_CASE("Mmd: both kernels are PyTorch's, with the same draws from the prior", "[divergences][pytorch]",
                   float, double) {
  const bvae::Matrix<double> prior = Golden("divergences.safetensors").matrix<double>("mmd.prior");
  bvae::Matrix<double> draws(prior.rows(), prior.cols());
  for (Index s = 0; s < prior.cols(); ++s)
    bvae::RandomStream({7}, bvae::Stream::kPrior, 3)
        .normal(static_cast<std::uint32_t>(s), std::span<double>(draws.col(s).data(), 3));
  const bool fused = bvae_test::is_fused(bvae::isa());  // without fused multiply-adds draws have other last bits
  CHECK((draws - prior).cwiseAbs().maxCoeff() <= (fused ? 0 : 1e-6));
  for (const bool rbf : {true, false}) {
    const std::string name = rbf ? "mmd.rbf" : "mmd.inverse_multiquadratic";
    const bvae::Mmd divergence{.lambda = 40,
                               .kl_weight = 0.3,
                               .kernel = rbf ? bvae::MmdKernel::kRbf : bvae::MmdKernel::kInverseMultiquadratic,
                               .bandwidth = 0.8};
    const auto terms = run<TestType, 3>(divergence, prior.cols(), {.seed = bvae::Seed{7}}, bvae::Progress{.step = 3});
    compare(terms, prior.cols(), name, fused ? kBars<TestType> : Bars{1e-5, 1e-5});
    CHECK(terms.parts[0].value == Approx(Golden("divergences.safetensors")[name + ".mmd"][0]).epsilon(1e-5));
  }
}
