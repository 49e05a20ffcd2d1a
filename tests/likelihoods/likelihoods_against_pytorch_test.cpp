#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"

namespace {

using bvae::Index;
using oracle::Golden;

constexpr Index kSamples = 5;
constexpr Index kFeatures = 12;

template <class Scalar>
struct Result {
  std::vector<double> values = std::vector<double>(kSamples);
  bvae::Matrix<Scalar> gradient = bvae::Matrix<Scalar>(kFeatures, kSamples);
};

template <class Scalar, class L>
Result<Scalar> evaluate(const L& likelihood, const bvae::Matrix<Scalar>& target, const bvae::Matrix<Scalar>& output) {
  Result<Scalar> result;
  likelihood(bvae::ConstView<Scalar>(target.data(), kFeatures, kSamples),
             bvae::ConstView<Scalar>(output.data(), kFeatures, kSamples), Scalar(1) / Scalar(kSamples),
             std::span<double>(result.values), bvae::View<Scalar>(result.gradient.data(), kFeatures, kSamples));
  return result;
}

// The likelihood's gradient times 1/samples is PyTorch's gradient of the mean over samples.
template <class Scalar>
void check(const Result<Scalar>& result, const std::vector<double>& values, const std::vector<double>& gradient,
           double bar, double gradient_floor) {
  CHECK(oracle::pointwise_error<double>(result.values, values, 1e-6) <= bar);
  CHECK(oracle::pointwise_error<Scalar>({result.gradient.data(), gradient.size()}, gradient, gradient_floor) <= bar);
}

template <class Scalar>
void check_bernoulli(double bar) {
  const Golden golden("losses.safetensors");
  const auto result = evaluate<Scalar>(bvae::Bernoulli{}, golden.matrix<Scalar>("bernoulli.target"),
                                       golden.matrix<Scalar>("bernoulli.logits"));
  check(result, golden["bernoulli.values"], golden["bernoulli.gradient"], bar, 0.2);
}

template <class Scalar>
void check_gaussian(double sigma, const std::string& name, double bar) {
  const Golden golden("losses.safetensors");
  bvae::Matrix<Scalar> target = oracle::formula_matrix<Scalar>(13, kFeatures, kSamples);
  target.array() = (target.array() + Scalar(1)) / Scalar(2);
  const bvae::Gaussian likelihood{.sigma = sigma};
  auto result = evaluate<Scalar>(likelihood, target, oracle::formula_matrix<Scalar>(12, kFeatures, kSamples, 2));
  for (double& value : result.values) value += likelihood.constant(kFeatures);
  check(result, golden[name + ".values"], golden[name + ".gradient"], bar, 0.2 / (sigma * sigma));
}

template <class Scalar>
bvae::Matrix<Scalar> grey() {
  bvae::Matrix<Scalar> target = oracle::formula_matrix<Scalar>(13, kFeatures, kSamples);
  target.array() = (target.array() + Scalar(1)) / Scalar(2);
  return target;
}

template <class Scalar>
void check_laplace(double bar) {
  const Golden golden("losses.safetensors");
  const bvae::Laplace likelihood{.scale = 0.4};
  bvae::Matrix<Scalar> output = oracle::formula_matrix<Scalar>(12, kFeatures, kSamples, 2);
  output.col(1).head(4) = grey<Scalar>().col(1).head(4);
  auto result = evaluate<Scalar>(likelihood, grey<Scalar>(), output);
  for (double& value : result.values) value += likelihood.constant(kFeatures);
  check(result, golden["laplace.values"], golden["laplace.gradient"], bar, 1e-3);
  CHECK((result.gradient.col(1).head(4).array() == 0).all());
}

// PyTorch's own values have fewer digits near 1/2 and in the tails.
template <class Scalar>
void check_continuous_bernoulli(double bar) {
  const Golden golden("losses.safetensors");
  auto logits = golden.matrix<Scalar>("continuous_bernoulli.logits");
  const bvae::ContinuousBernoulli likelihood;
  check(evaluate<Scalar>(likelihood, grey<Scalar>(), logits), golden["continuous_bernoulli.values"],
        golden["continuous_bernoulli.gradient"], bar, 0.02);
  likelihood.mean(bvae::View<Scalar>(logits.data(), kFeatures, kSamples));
  CHECK(oracle::pointwise_error<Scalar>({logits.data(), static_cast<std::size_t>(logits.size())},
                                        golden["continuous_bernoulli.mean"], 0.01) <= bar);
}

// In every layout: all means first, or in blocks as in images of so many channels.
template <class Scalar>
void check_gaussian_per_pixel(double bar) {
  const Golden golden("losses.safetensors");
  const bvae::GaussianPerPixel likelihood{.min_log_variance = -5};
  const auto mean = oracle::formula_matrix<Scalar>(12, kFeatures, kSamples, 2);
  auto raw = oracle::formula_matrix<Scalar>(19, kFeatures, kSamples, 8);
  raw.array() -= Scalar(2);
  const auto target = grey<Scalar>();
  for (const Index block : {1, 3, 12}) {
    bvae::Matrix<Scalar> output(2 * kFeatures, kSamples), gradient(2 * kFeatures, kSamples);
    const auto place = [&](Index i) { return i / block * 2 * block + i % block; };
    for (Index i = 0; i < kFeatures; ++i) {
      output.row(place(i)) = mean.row(i);
      output.row(place(i) + block) = raw.row(i);
    }
    std::vector<double> values(kSamples);
    likelihood(bvae::ConstView<Scalar>(target.data(), kFeatures, kSamples),
               bvae::ConstView<Scalar>(output.data(), 2 * kFeatures, kSamples), Scalar(1) / Scalar(kSamples),
               std::span<double>(values), bvae::View<Scalar>(gradient.data(), 2 * kFeatures, kSamples), block);
    for (double& value : values) value += likelihood.constant(kFeatures);
    bvae::Matrix<Scalar> d_mean(kFeatures, kSamples), d_raw(kFeatures, kSamples);
    for (Index i = 0; i < kFeatures; ++i) {
      d_mean.row(i) = gradient.row(place(i));
      d_raw.row(i) = gradient.row(place(i) + block);
    }
    INFO("block " << block);
    CHECK(oracle::pointwise_error<double>(values, golden["gaussian_per_pixel.values"], 1e-6) <= bar);
    CHECK(oracle::pointwise_error<Scalar>({d_mean.data(), kFeatures * kSamples}, golden["gaussian_per_pixel.d_mean"],
                                          0.1) <= bar);
    CHECK(oracle::pointwise_error<Scalar>({d_raw.data(), kFeatures * kSamples},
                                          golden["gaussian_per_pixel.d_log_variance"], 0.1) <= bar);
    likelihood.mean(bvae::View<Scalar>(output.data(), 2 * kFeatures, kSamples), block);
    CHECK(output.topRows(kFeatures) == mean);
  }
}

template <class Scalar>
void check_learned_gaussian(double log_sigma, const std::string& name, double bar) {
  const Golden golden("losses.safetensors");
  const bvae::LearnedGaussian likelihood;
  bvae::Matrix<Scalar> output(kFeatures + 1, kSamples), gradient(kFeatures + 1, kSamples);
  output.topRows(kFeatures) = oracle::formula_matrix<Scalar>(12, kFeatures, kSamples, 2);
  output.row(kFeatures).setConstant(static_cast<Scalar>(log_sigma));
  const auto target = grey<Scalar>();
  std::vector<double> values(kSamples);
  likelihood(bvae::ConstView<Scalar>(target.data(), kFeatures, kSamples),
             bvae::ConstView<Scalar>(output.data(), kFeatures + 1, kSamples), Scalar(1) / Scalar(kSamples),
             std::span<double>(values), bvae::View<Scalar>(gradient.data(), kFeatures + 1, kSamples));
  for (double& value : values) value += likelihood.constant(kFeatures);
  const bvae::Matrix<Scalar> d_output = gradient.topRows(kFeatures);
  const double d_log_sigma = gradient.row(kFeatures).template cast<double>().sum();
  CHECK(oracle::pointwise_error<double>(values, golden[name + ".values"], 1e-6) <= bar);
  CHECK(oracle::relative_error(d_output, golden[name + ".gradient"]) <= bar);
  CHECK(oracle::pointwise_error<double>({&d_log_sigma, 1}, golden[name + ".log_sigma"], 1) <= bar);
}

template <class Scalar>
void check_optimal_gaussian(double bar) {
  const Golden golden("losses.safetensors");
  const bvae::OptimalGaussian likelihood;
  auto result =
      evaluate<Scalar>(likelihood, grey<Scalar>(), oracle::formula_matrix<Scalar>(12, kFeatures, kSamples, 2));
  double mean = 0;
  for (const double squares : result.values) mean += squares / kSamples;
  const double value = likelihood.value(mean, kFeatures) + likelihood.constant(kFeatures);
  result.gradient *= static_cast<Scalar>(likelihood.slope(mean, kFeatures));
  CHECK(oracle::pointwise_error<double>({&value, 1}, golden["optimal_gaussian.value"], 1) <= bar);
  CHECK(oracle::relative_error(result.gradient, golden["optimal_gaussian.gradient"]) <= bar);
}

}  // namespace

TEST_CASE("Laplace: values with their constant and gradients are PyTorch's, and 0 where output and target are equal",
          "[likelihoods][pytorch]") {
  check_laplace<double>(4e-15);
  check_laplace<float>(5e-7);
}

TEST_CASE("ContinuousBernoulli: values, gradients and means are PyTorch's", "[likelihoods][pytorch]") {
  check_continuous_bernoulli<double>(1e-10);
  check_continuous_bernoulli<float>(5e-6);
}

TEST_CASE("GaussianPerPixel: values with their constant and both gradients are PyTorch's in every layout",
          "[likelihoods][pytorch]") {
  check_gaussian_per_pixel<double>(1e-13);
  check_gaussian_per_pixel<float>(2e-6);
}

TEST_CASE("LearnedGaussian: values with their constant and both gradients are those of sigma-VAE",
          "[likelihoods][pytorch]") {
  for (const auto& [log_sigma, name] : {std::pair{0.3, "0.3"}, {-1.2, "-1.2"}, {-7.0, "-7.0"}}) {
    INFO("log sigma " << name);
    check_learned_gaussian<double>(log_sigma, bvae::message("learned_gaussian.", name), 1e-13);
    check_learned_gaussian<float>(log_sigma, bvae::message("learned_gaussian.", name), 2e-6);
  }
}

TEST_CASE("OptimalGaussian: value with its constant and gradient are those of optimal sigma-VAE",
          "[likelihoods][pytorch]") {
  check_optimal_gaussian<double>(1e-13);
  check_optimal_gaussian<float>(1e-6);
}

TEST_CASE("Bernoulli: the entropy of grey targets is PyTorch's, and no logits cost less", "[likelihoods][pytorch]") {
  const Golden golden("losses.safetensors");
  bvae::Matrix<double> target = grey<double>();
  target(0, 0) = 0;
  target(1, 0) = 1;
  std::vector<double> values(kSamples);
  bvae::Bernoulli::entropy(bvae::ConstView<double>(target.data(), kFeatures, kSamples), std::span<double>(values));
  CHECK(oracle::pointwise_error<double>(values, golden["bernoulli.entropy"], 1) <= 1e-13);
  const bvae::Matrix<double> best = (target.array() / (1 - target.array())).log().max(-40.0).min(40.0).matrix();
  const auto least = evaluate<double>(bvae::Bernoulli{}, target, best);
  CHECK(oracle::pointwise_error<double>(least.values, values, 1) <= 1e-13);
  CHECK(least.gradient.cwiseAbs().maxCoeff() <= 1e-13);
}

TEST_CASE("Likelihoods: the output for a mean has that mean", "[likelihoods]") {
  for (const double mean : {0.001, 0.13, 0.5, 0.5001, 0.9, 0.999}) {
    double output = bvae::ContinuousBernoulli{}.output_for_mean(mean);
    bvae::ContinuousBernoulli{}.mean(bvae::View<double>(&output, 1, 1));
    CHECK(output == Approx(mean).epsilon(1e-13));
  }
  CHECK(bvae::ContinuousBernoulli{}.output_for_mean(0) == bvae::ContinuousBernoulli{}.output_for_mean(0.001));
  CHECK(bvae::Laplace{}.output_for_mean(0.3) == 0.3);
  CHECK(bvae::OptimalGaussian{}.output_for_mean(0.3) == 0.3);
}

TEST_CASE("Likelihoods: refuse parameters and data that make no sense", "[likelihoods]") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1.0, nan, infinity})
    CHECK_THROWS_AS(bvae::Laplace{.scale = bad}.validate(), std::invalid_argument);
  for (const double bad : {-61.0, 61.0, nan, infinity})
    CHECK_THROWS_AS(bvae::GaussianPerPixel{.min_log_variance = bad}.validate(), std::invalid_argument);
  for (const double bad : {-31.0, 31.0, nan, -infinity})
    CHECK_THROWS_AS(bvae::LearnedGaussian{.min_log_sigma = bad}.validate(), std::invalid_argument);
  bvae::Laplace{}.validate();
  bvae::GaussianPerPixel{}.validate();
  bvae::LearnedGaussian{}.validate();
  CHECK_THROWS_AS(bvae::ContinuousBernoulli{}.check_targets(0, 1.1), std::invalid_argument);
  CHECK_THROWS_AS(bvae::ContinuousBernoulli{}.check_targets(-0.1, 1), std::invalid_argument);
  bvae::ContinuousBernoulli{}.check_targets(0, 1);
}

TEST_CASE("Bernoulli: values and gradients are PyTorch's, with grey targets and huge logits",
          "[likelihoods][pytorch]") {
  check_bernoulli<double>(4e-15);
  check_bernoulli<float>(5e-7);
}

TEST_CASE("Gaussian: values with their constant and gradients are PyTorch's", "[likelihoods][pytorch]") {
  check_gaussian<double>(1.0, "gaussian.1.0", 4e-15);
  check_gaussian<double>(0.3, "gaussian.0.3", 4e-15);
  check_gaussian<float>(1.0, "gaussian.1.0", 5e-7);
  check_gaussian<float>(0.3, "gaussian.0.3", 5e-7);
}

TEST_CASE("Bernoulli: 784 undecided pixels cost 784 ln 2", "[likelihoods]") {
  const bvae::Matrix<double> zeros = bvae::Matrix<double>::Zero(784, 3);
  std::vector<double> values(3);
  bvae::Matrix<double> gradient(784, 3);
  bvae::Bernoulli{}(bvae::ConstView<double>(zeros.data(), 784, 3), bvae::ConstView<double>(zeros.data(), 784, 3), 1.0,
                    std::span<double>(values), bvae::View<double>(gradient.data(), 784, 3));
  for (const double value : values) CHECK(std::abs(value - 543.4273895589971) <= 1e-12 * 543);
  CHECK((gradient.array() == 0.5).all());
}
