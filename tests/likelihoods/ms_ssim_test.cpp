#include "bvae/likelihoods/ms_ssim.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "oracle/against_pytorch.hpp"
#include "oracle/ssim_images.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using namespace bvae;

namespace {

template <class In, int Scales, class Scalar>
void compare(Index samples, Index every, double bar) {
  const oracle::Golden golden("ssim.safetensors");
  const auto [target, output] = oracle::similar_images<In, Scalar>(samples);
  const auto [value, gradient] =
      oracle::errors_against<In>(golden, message("ms_ssim.", Scales), MsSsim<In, Scales>{}, target, output, every);
  INFO(Scales << " scales: " << value << ' ' << gradient);
  CHECK(value <= bar);
  CHECK(gradient <= bar);
}

using Two = Image<2, 22, 25>;
using Three = Image<1, 45, 47>;

}  // namespace

TEST_CASE("MsSsim: values and gradients are PyTorch's", "[likelihoods][pytorch]") {
  compare<Two, 2, double>(3, 5, 1e-12);
  compare<Three, 3, double>(3, 5, 1e-12);
  compare<Image<1, 176, 179>, 5, double>(2, 101, 1e-12);
  compare<Two, 2, float>(3, 5, 1e-6);
  compare<Three, 3, float>(3, 5, 1e-6);
  compare<Image<1, 176, 179>, 5, float>(2, 101, 1e-6);
}

TEST_CASE("MsSsim: the gradient is right to 1e-8, with and without a scale at its least", "[likelihoods][gradient]") {
  const auto [target, start] = oracle::similar_images<Two, double>(3);
  Matrix<double> output = start;
  const MsSsim<Two, 2> term{.weight = 1, .pixel_weight = 0.001};
  const std::vector<double> weights{1.5, -0.5, 2};
  Matrix<double> analytic = oracle::evaluated(term, target, output).gradient;
  for (Index s = 0; s < 3; ++s) analytic.col(s) *= weights[static_cast<std::size_t>(s)];
  const auto result = testing::check_gradient<double>(
      std::span<double>(output.data(), static_cast<std::size_t>(output.size())),
      std::span<const double>(analytic.data(), static_cast<std::size_t>(analytic.size())), [&, &x = target] {
        const auto values = oracle::evaluated(term, x, output).values;
        return weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2];
      });
  INFO(result.relative_error);
  CHECK(result.relative_error <= 1e-8);
}

TEST_CASE("MsSsim: equal images have 0, to the bit, and one scale is Ssim", "[likelihoods]") {
  const auto [x, y] = oracle::similar_images<Three, double>(3);
  const auto same = oracle::evaluated(MsSsim<Three, 3, Gaussian>{}, x, x);
  for (const double value : same.values) CHECK(value == 0);
  CHECK(same.gradient.cwiseAbs().maxCoeff() < 1e-10);
  const auto one = oracle::evaluated(MsSsim<Three, 1>{}, x, y);
  const auto ssim = oracle::evaluated(Ssim<Three>{}, x, y);
  CHECK(one.values == ssim.values);
  CHECK(one.gradient == ssim.gradient);
}

TEST_CASE("MsSsim: is symmetric, and of constant images only the coarsest scale's luminance counts", "[likelihoods]") {
  const auto similarity = [](const Matrix<double>& x, const Matrix<double>& y) {
    std::vector<double> values(static_cast<std::size_t>(x.cols()));
    MsSsim<Two, 2>::similarity(ConstView<double>(x.data(), x.rows(), x.cols()),
                               ConstView<double>(y.data(), y.rows(), y.cols()), std::span<double>(values));
    return values;
  };
  const auto [x, y] = oracle::similar_images<Two, double>(3);
  CHECK(similarity(x, y) == similarity(y, x));
  const auto constant = [](double value) { return Matrix<double>(Matrix<double>::Constant(Two::kSize, 1, value)); };
  const double luminance = (2 * 0.2 * 0.7 + 1e-4) / (0.2 * 0.2 + 0.7 * 0.7 + 1e-4);
  CHECK(similarity(constant(0.2), constant(0.7))[0] ==
        Approx(std::pow(luminance, 0.2856 / (0.0448 + 0.2856))).epsilon(1e-11));
}

TEST_CASE("MsSsim: opposites have the least value, and the pixel term's gradient alone", "[likelihoods]") {
  Matrix<double> x = oracle::formula_matrix<double>(1, Two::kSize, 3, 0.5);
  Matrix<double> y = x;
  for (Index i = 0; i < x.size(); ++i) {
    x.data()[i] = 0.5 + x.data()[i];
    y.data()[i] = 0.5 - y.data()[i];
  }
  const auto result = oracle::evaluated(MsSsim<Two, 2, Gaussian>{.weight = 1}, x, y);
  for (const double value : result.values) CHECK(value == Approx(1 - 1e-3).epsilon(1e-12));
  CHECK(result.gradient.cwiseAbs().maxCoeff() == 0);
}

TEST_CASE("MsSsim: NaN gives NaN in that sample alone, at every scale", "[likelihoods]") {
  auto [target, output] = oracle::similar_images<Three, float>(3);
  output(46, 1) = std::numeric_limits<float>::quiet_NaN();  // the last column is in no mean of 2 x 2
  output(44 * 47 + 3, 2) = std::numeric_limits<float>::quiet_NaN();
  const auto result = oracle::evaluated(MsSsim<Three, 3>{}, target, output);
  CHECK(std::isfinite(result.values[0]));
  CHECK(std::isnan(result.values[1]));
  CHECK(std::isnan(result.values[2]));
  CHECK(std::isnan(result.gradient(46, 1)));
}

TEST_CASE("MsSsim: all instruction sets give the same bits", "[likelihoods]") {
  const auto [target, output] = oracle::similar_images<Three, float>(3);
  const auto run = [&x = target, &y = output] {
    return oracle::evaluated(MsSsim<Three, 3>{.pixel_weight = 0.3}, x, y);
  };
  const auto all = run();
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    const auto other = run();
    if (bvae_test::is_fused(isa)) {
      CHECK(other.values == all.values);
      CHECK(other.gradient == all.gradient);
    } else {
      CHECK(other.values[1] == Approx(all.values[1]).epsilon(1e-6));
    }
  }
}

TEST_CASE("MsSsim: bad arguments throw", "[likelihoods]") {
  CHECK_THROWS_AS((MsSsim<Two, 2>{.weight = -1}.validate()), std::invalid_argument);
  CHECK_THROWS_AS((MsSsim<Two, 2>{.pixel_weight = std::numeric_limits<double>::infinity()}.validate()),
                  std::invalid_argument);
  CHECK_THROWS_AS((MsSsim<Two, 2, Laplace>{.pixel = {.scale = 0}}.validate()), std::invalid_argument);
  CHECK_NOTHROW(MsSsim<Two, 2>{}.validate());
  CHECK_THROWS_AS((MsSsim<Two, 2>{}.check_targets(-0.1, 1)), std::invalid_argument);
}
