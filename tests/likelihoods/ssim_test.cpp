#include "bvae/likelihoods/ssim.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
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

using Color = Image<3, 14, 17>;
using Grey = Image<1, 28, 28>;
using Smallest = Image<2, 11, 11>;

template <class In>
std::vector<double> similarity(const Matrix<double>& x, const Matrix<double>& y) {
  std::vector<double> values(static_cast<std::size_t>(x.cols()));
  Ssim<In>::similarity(ConstView<double>(x.data(), x.rows(), x.cols()), ConstView<double>(y.data(), y.rows(), y.cols()),
                       std::span<double>(values));
  return values;
}

template <class In, class Scalar>
void compare(const std::string& name, Index samples, double bar, double gradient_bar) {
  const oracle::Golden golden("ssim.safetensors");
  const auto [target, output] = oracle::similar_images<In, Scalar>(samples);
  const auto [value, gradient] = oracle::errors_against<In>(golden, name, Ssim<In>{}, target, output);
  INFO(name << (sizeof(Scalar) == 4 ? " float: " : " double: ") << value << ' ' << gradient);
  CHECK(value <= bar);
  CHECK(gradient <= gradient_bar);
}

template <class Scalar>
void compare_mixed(double bar, double gradient_bar) {
  const oracle::Golden golden("ssim.safetensors");
  const Matrix<Scalar> target = oracle::similar_images<Color, Scalar>(3).first;
  const Matrix<Scalar> other =
      oracle::channels_last(oracle::formula_matrix<Scalar>(4, Color::kSize, 3), 3, Color::kHeight, Color::kWidth);
  Matrix<Scalar> output = target;
  for (Index i = 0; i < output.size(); ++i) output.data()[i] = (3 * target.data()[i] + (other.data()[i] + 1) / 2) / 4;
  const Ssim<Color, Laplace> term{.weight = 0.84 * Color::kSize, .pixel_weight = 0.16};
  const auto [value, gradient] = oracle::errors_against<Color>(golden, "mixed", term, target, output);
  INFO(value << ' ' << gradient);
  CHECK(value <= bar);
  CHECK(gradient <= gradient_bar);
}

}  // namespace

TEST_CASE("Ssim: values and gradients are PyTorch's", "[likelihoods][pytorch]") {
  compare<Color, double>("ssim.color", 3, 1e-12, 1e-12);
  compare<Grey, double>("ssim.grey", 4, 1e-12, 1e-12);
  compare<Smallest, double>("ssim.smallest", 3, 1e-12, 1e-12);
  compare<Color, float>("ssim.color", 3, 1e-6, 1e-6);
  compare<Grey, float>("ssim.grey", 4, 1e-6, 1e-6);
  compare<Smallest, float>("ssim.smallest", 3, 1e-6, 1e-6);
  compare_mixed<double>(1e-12, 1e-12);
  compare_mixed<float>(1e-6, 1e-6);
}

TEST_CASE("Ssim: the gradient of the whole objective is right to 1e-8", "[likelihoods][gradient]") {
  using Shape = Image<2, 12, 13>;
  using Tiny =
      Vae<Shape, Encoder<Flatten, Linear<5>, Tanh>, Latent<2>, Decoder<Linear<6>, Tanh, Linear<Shape::kSize>>, double>;
  const auto check = [](const auto& term) {
    constexpr Index kSamples = 5;
    Tiny model{Seed{3}};
    Matrix<double> x = oracle::formula_matrix<double>(5, Shape::kSize, kSamples, 0.5);
    for (Index i = 0; i < x.size(); ++i) x.data()[i] += 0.5;
    const Matrix<double> noise = oracle::formula_matrix<double>(6, 2, kSamples);
    Objective<Tiny, std::remove_cvref_t<decltype(term)>, Kl> objective(kSamples, term, {});
    objective.compute(model, x, noise, 2.5);
    const std::vector<double> gradient(objective.gradient().begin(), objective.gradient().end());
    const auto result = testing::check_gradient<double>(
        model.parameters(), gradient, [&] { return objective.compute(model, x, noise, 2.5).objective; });
    INFO(result.relative_error);
    CHECK(result.checked > 0);
    CHECK(result.relative_error <= 1e-8);
  };
  check(Ssim<Shape>{.pixel_weight = 0.3});
  check(Ssim<Shape, Gaussian>{.weight = 100});
}

TEST_CASE("Ssim: equal images have 0, to the bit, and no gradient", "[likelihoods]") {
  const Matrix<double> x = oracle::similar_images<Color, double>(3).first;
  const auto result = oracle::evaluated(Ssim<Color, Gaussian>{}, x, x);
  for (const double value : result.values) CHECK(value == 0);
  CHECK(result.gradient.cwiseAbs().maxCoeff() < 1e-11);
  for (const double value : similarity<Color>(x, x)) CHECK(value == 1);
}

TEST_CASE("Ssim: is symmetric, and a constant image's has a formula", "[likelihoods]") {
  const auto [x, y] = oracle::similar_images<Color, double>(3);
  CHECK(similarity<Color>(x, y) == similarity<Color>(y, x));
  const auto constant = [](double value) { return Matrix<double>(Matrix<double>::Constant(Color::kSize, 1, value)); };
  const double expected = (2 * 0.2 * 0.7 + 1e-4) / (0.2 * 0.2 + 0.7 * 0.7 + 1e-4);
  CHECK(similarity<Color>(constant(0.2), constant(0.7))[0] == Approx(expected).epsilon(1e-11));
  CHECK(similarity<Color>(constant(0), constant(1))[0] == Approx(1e-4 / (1 + 1e-4)).epsilon(1e-11));
}

TEST_CASE("Ssim: each sample is computed alone, and all instruction sets and threads give the same bits",
          "[likelihoods]") {
  const auto [target, output] = oracle::similar_images<Color, float>(4);
  const Ssim<Color> term{.weight = 3, .pixel_weight = 0.5};
  const auto all = oracle::evaluated(term, target, output, 0.25f);
  const auto one = oracle::evaluated(term, Matrix<float>(target.col(2)), Matrix<float>(output.col(2)), 0.25f);
  CHECK(one.values[0] == all.values[2]);
  CHECK(one.gradient == all.gradient.col(2));
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    oracle::Evaluated<float> other;
    std::thread([&, &x = target, &y = output] { other = oracle::evaluated(term, x, y, 0.25f); }).join();
    if (bvae_test::is_fused(isa)) {
      CHECK(other.values == all.values);
      CHECK(other.gradient == all.gradient);
    } else {
      CHECK(other.values[1] == Approx(all.values[1]).epsilon(1e-6));
      CHECK((other.gradient - all.gradient).cwiseAbs().maxCoeff() < 1e-5f * all.gradient.cwiseAbs().maxCoeff());
    }
  }
}

TEST_CASE("Ssim: the pixel term is added with its weight", "[likelihoods]") {
  const auto [target, output] = oracle::similar_images<Color, double>(3);
  const auto alone = oracle::evaluated(Ssim<Color>{}, target, output, 0.5);
  const auto pixels = oracle::evaluated(Bernoulli{}, target, output, 0.5);
  const auto both =
      oracle::evaluated(Ssim<Color>{.weight = 2.0 * Color::kSize, .pixel_weight = 3}, target, output, 0.5);
  for (std::size_t s = 0; s < 3; ++s)
    CHECK(both.values[s] == Approx(2 * alone.values[s] + 3 * pixels.values[s]).epsilon(1e-13));
  CHECK((both.gradient - 2 * alone.gradient - 3 * pixels.gradient).cwiseAbs().maxCoeff() < 1e-13 * Color::kSize);
}

TEST_CASE("Ssim: NaN and infinity give NaN in that sample alone", "[likelihoods]") {
  auto [target, output] = oracle::similar_images<Color, float>(3);
  output(100, 1) = std::numeric_limits<float>::quiet_NaN();
  const auto result = oracle::evaluated(Ssim<Color>{}, target, output);
  CHECK(std::isfinite(result.values[0]));
  CHECK(std::isnan(result.values[1]));
  CHECK(std::isfinite(result.values[2]));
  CHECK(std::isnan(result.gradient(100, 1)));
  CHECK(result.gradient.col(2).allFinite());
  target(Color::kSize - 1, 2) = std::numeric_limits<float>::infinity();
  CHECK(std::isnan(oracle::evaluated(Ssim<Color>{}, target, output).values[2]));
}

TEST_CASE("Ssim: a model learns with it, and its mean is the pixel term's", "[likelihoods]") {
  using Model =
      Vae<Image<1, 12, 12>, Encoder<Flatten, Linear<16>, ReLU>, Latent<2>, Decoder<Linear<16>, ReLU, Linear<144>>>;
  Matrix<float> x(144, 64);
  for (Index s = 0; s < 64; ++s)
    for (Index i = 0; i < 144; ++i) x(i, s) = (i / 12 + s) % 6 < 3 ? 0.9f : 0.1f;
  const Dataset data(x);
  Model model{Seed{1}};
  const Ssim<Image<1, 12, 12>> term;
  const double before = evaluate(model, data, term).reconstruction;
  Trainer trainer{model, term, Kl{}, Constant{0.1}, Adam{.learning_rate = 1e-2}};
  trainer.fit(data, {.epochs = 60, .batch_size = 16});
  const double after = evaluate(model, data, term).reconstruction;
  INFO(before << " to " << after);
  CHECK(after < 0.5 * before);
  set_output_bias(model, data, term);
  const Matrix<float> z = Matrix<float>::Zero(2, 1);
  CHECK(model.decode(z, term) == model.decode(z, Bernoulli{}));
}

TEST_CASE("Ssim: bad arguments throw", "[likelihoods]") {
  CHECK_THROWS_AS((Ssim<Grey>{.weight = -1}.validate()), std::invalid_argument);
  CHECK_THROWS_AS((Ssim<Grey>{.pixel_weight = std::nan("")}.validate()), std::invalid_argument);
  CHECK_THROWS_AS((Ssim<Grey, Laplace>{.pixel = {.scale = 0}}.validate()), std::invalid_argument);
  CHECK_NOTHROW(Ssim<Grey>{.weight = 0}.validate());
  CHECK_THROWS_AS((Ssim<Grey>{}.check_targets(0, 1.1)), std::invalid_argument);
  CHECK_THROWS_AS((Ssim<Grey, Gaussian>{}.check_targets(-0.1, 1)), std::invalid_argument);
  CHECK_NOTHROW(Ssim<Grey>{}.check_targets(0, 1));
  CHECK_THROWS_AS(similarity<Grey>(Matrix<double>::Zero(784, 2), Matrix<double>::Zero(784, 1)), std::invalid_argument);
  CHECK_THROWS_AS(similarity<Grey>(Matrix<double>::Zero(100, 1), Matrix<double>::Zero(100, 1)), std::invalid_argument);
}
