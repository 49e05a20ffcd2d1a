#include <algorithm>
#include <cmath>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

namespace {

using bvae::Index;

constexpr Index kIn = 300;
constexpr Index kOut = 500;

struct Moments {
  double mean = 0;
  double variance = 0;
  double kurtosis = 0;
  double minimum = 0;
  double maximum = 0;
};

template <class Scalar>
Moments moments_of(const std::vector<Scalar>& values) {
  Moments m;
  const double n = static_cast<double>(values.size());
  for (const Scalar v : values) m.mean += static_cast<double>(v) / n;
  double fourth = 0;
  for (const Scalar v : values) {
    const double d = static_cast<double>(v) - m.mean;
    m.variance += d * d / n;
    fourth += d * d * d * d / n;
  }
  m.kurtosis = m.variance > 0 ? fourth / (m.variance * m.variance) : 0;
  m.minimum = static_cast<double>(*std::min_element(values.begin(), values.end()));
  m.maximum = static_cast<double>(*std::max_element(values.begin(), values.end()));
  return m;
}

// Five standard errors: right generators pass all but always, and the seed is fixed.
void check_uniform(const Moments& m, double bound, double count) {
  INFO("mean " << m.mean << ", variance " << m.variance << ", kurtosis " << m.kurtosis << ", from " << m.minimum
               << " to " << m.maximum << ", bound " << bound);
  CHECK(m.minimum >= -bound * (1 + 1e-6));
  CHECK(m.maximum <= bound * (1 + 1e-6));
  CHECK(m.minimum <= -bound * (1 - 20 / count));
  CHECK(m.maximum >= bound * (1 - 20 / count));
  CHECK(std::abs(m.mean) <= 5 * bound / std::sqrt(3 * count));
  CHECK(std::abs(m.variance / (bound * bound / 3) - 1) <= 5 * std::sqrt(0.8 / count));
  CHECK(std::abs(m.kurtosis - 1.8) <= 10 / std::sqrt(count));
}

void check_normal(const Moments& m, double deviation, double count) {
  INFO("mean " << m.mean << ", variance " << m.variance << ", kurtosis " << m.kurtosis);
  CHECK(std::abs(m.mean) <= 5 * deviation / std::sqrt(count));
  CHECK(std::abs(m.variance / (deviation * deviation) - 1) <= 5 * std::sqrt(2 / count));
  CHECK(std::abs(m.kurtosis - 3) <= 5 * std::sqrt(24 / count));
  CHECK(m.maximum >= 3.5 * deviation);
  CHECK(m.minimum <= -3.5 * deviation);
}

template <class Scalar, class Init>
struct Drawn {
  using Net = bvae::Network<bvae::Features<kIn>, bvae::Linear<kOut, Init>>;

  explicit Drawn(std::uint64_t seed = 11) : values(static_cast<std::size_t>(Net::kParameters)) {
    Net::initialize(values.data(), bvae::Seed{seed}, 0);
  }
  std::vector<Scalar> tensor(std::size_t i) const {
    return bvae_test::values_of(values, Net::parameter_tensors("", 0)[i]);
  }
  Moments weight() const { return moments_of(tensor(0)); }
  bool bias_is_zero() const { return tensor(1) == std::vector<Scalar>(kOut, 0); }
  bvae::Arena<Scalar> values;
};

constexpr double kCount = kIn * kOut;

/// Tensors of a convolution of 30 channels to 40 with a kernel of 3x3.
template <class Layer>
struct DrawnKernel {
  using Net = bvae::Network<bvae::Image<30, 3, 3>, Layer>;
  DrawnKernel() : values(static_cast<std::size_t>(Net::kParameters)) {
    Net::initialize(values.data(), bvae::Seed{11}, 0);
  }
  Moments weight() const { return moments_of(bvae_test::values_of(values, Net::parameter_tensors("", 0)[0])); }
  bool bias_is_zero() const {
    return bvae_test::values_of(values, Net::parameter_tensors("", 0)[1]) == std::vector<float>(40, 0);
  }
  bvae::Arena<float> values;
};
template <class Init>
using DrawnConv2d = DrawnKernel<bvae::Conv2d<40, 3, 1, 0, Init>>;
template <class Init>
using DrawnConvTranspose2d = DrawnKernel<bvae::ConvTranspose2d<40, 3, 1, 0, 0, Init>>;

// As PyTorch counts them from the weight's extents: [40, 30, 3, 3], and [30, 40, 3, 3] if transposed.
constexpr double kKernelCount = 30 * 40 * 9;
constexpr double kConv2dFanIn = 30 * 9;
constexpr double kConvTranspose2dFanIn = 40 * 9;
constexpr double kKernelFans = 70 * 9;

template <class Scalar>
void check_default() {
  const Drawn<Scalar, void> drawn;
  const double bound = 1 / std::sqrt(static_cast<double>(kIn));  // of PyTorch's nn.Linear, for both tensors
  check_uniform(drawn.weight(), bound, kCount);
  const std::vector<Scalar> weight = drawn.tensor(0), bias = drawn.tensor(1);
  check_uniform(moments_of(bias), bound, kOut);
  for (std::size_t i = 0; i < kOut; ++i) REQUIRE(bias[i] != weight[i]);  // numbers of their own
}

}  // namespace

TEST_CASE("Linear: weight and bias start as PyTorch's do", "[layers][initializers]") {
  check_default<float>();
  check_default<double>();
}

TEST_CASE("Linear: the same seed gives the same start, another seed or layer another", "[layers][initializers]") {
  const Drawn<float, void> a(1);
  CHECK(a.values == Drawn<float, void>(1).values);
  CHECK(a.values != Drawn<float, void>(2).values);
  using Net = bvae::Network<bvae::Features<8>, bvae::Linear<8>, bvae::Linear<8>>;
  bvae::Arena<float> two(static_cast<std::size_t>(Net::kParameters));
  Net::initialize(two.data(), bvae::Seed{1}, 0);
  const auto tensors = Net::parameter_tensors("", 0);
  CHECK(bvae_test::values_of(two, tensors[0]) != bvae_test::values_of(two, tensors[2]));
}

TEST_CASE("Linear: float and double start at the same values, but for rounding", "[layers][initializers]") {
  const Drawn<float, void> narrow;
  const Drawn<double, void> wide;
  double error = 0;
  for (std::size_t i = 0; i < wide.values.size(); ++i)
    error = std::max(error, std::abs(static_cast<double>(narrow.values[i]) - wide.values[i]));
  CHECK(error <= 1e-8);
}

TEST_CASE("KaimingUniform, XavierUniform: bounds, moments and zero biases", "[initializers]") {
  const Drawn<float, bvae::KaimingUniform> kaiming;
  check_uniform(kaiming.weight(), std::sqrt(6.0 / kIn), kCount);
  CHECK(kaiming.bias_is_zero());
  const Drawn<double, bvae::XavierUniform> xavier;
  check_uniform(xavier.weight(), std::sqrt(6.0 / (kIn + kOut)), kCount);
  CHECK(xavier.bias_is_zero());
}

TEST_CASE("KaimingNormal, XavierNormal: moments, tails and zero biases", "[initializers]") {
  const Drawn<float, bvae::KaimingNormal> kaiming;
  check_normal(kaiming.weight(), std::sqrt(2.0 / kIn), kCount);
  CHECK(kaiming.bias_is_zero());
  const Drawn<double, bvae::XavierNormal> xavier;
  check_normal(xavier.weight(), std::sqrt(2.0 / (kIn + kOut)), kCount);
  CHECK(xavier.bias_is_zero());
}

TEST_CASE("Zeros: all zero", "[initializers]") {
  const Drawn<float, bvae::Zeros> drawn;
  CHECK(drawn.weight().variance == 0);
  CHECK(drawn.weight().maximum == 0);
  CHECK(drawn.bias_is_zero());
}

TEST_CASE("KaimingUniform, KaimingNormal: fan_in of convolutions is PyTorch's", "[initializers]") {
  const DrawnConv2d<bvae::KaimingUniform> uniform;
  check_uniform(uniform.weight(), std::sqrt(6.0 / kConv2dFanIn), kKernelCount);
  CHECK(uniform.bias_is_zero());
  const DrawnConvTranspose2d<bvae::KaimingUniform> transposed;
  check_uniform(transposed.weight(), std::sqrt(6.0 / kConvTranspose2dFanIn), kKernelCount);
  CHECK(transposed.bias_is_zero());
  check_normal(DrawnConv2d<bvae::KaimingNormal>().weight(), std::sqrt(2.0 / kConv2dFanIn), kKernelCount);
  check_normal(DrawnConvTranspose2d<bvae::KaimingNormal>().weight(), std::sqrt(2.0 / kConvTranspose2dFanIn),
               kKernelCount);
}

TEST_CASE("XavierUniform, XavierNormal: fans of convolutions are PyTorch's", "[initializers]") {
  const DrawnConv2d<bvae::XavierUniform> uniform;
  check_uniform(uniform.weight(), std::sqrt(6.0 / kKernelFans), kKernelCount);
  CHECK(uniform.bias_is_zero());
  const DrawnConvTranspose2d<bvae::XavierUniform> transposed;
  check_uniform(transposed.weight(), std::sqrt(6.0 / kKernelFans), kKernelCount);
  CHECK(transposed.bias_is_zero());
  check_normal(DrawnConv2d<bvae::XavierNormal>().weight(), std::sqrt(2.0 / kKernelFans), kKernelCount);
  check_normal(DrawnConvTranspose2d<bvae::XavierNormal>().weight(), std::sqrt(2.0 / kKernelFans), kKernelCount);
}
