#include <string>
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

}  // namespace

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
