#include "bvae/kernels/structural_similarity.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/kernels.hpp"

namespace {

namespace kernels = bvae::kernels;
using bvae::kernels::Size;
using bvae::kernels::SsimImage;
using bvae::kernels::SsimWindow;
using bvae_test::Guarded;

/// Of rows that are whole vectors, and of all rests, with windows that have one place or many.
constexpr SsimImage kImages[] = {{1, 11, 11}, {1, 12, 16}, {1, 13, 17}, {2, 11, 13}, {3, 14, 19}, {16, 11, 12}};

template <class T>
struct Pair {
  Pair(const SsimImage& of, bool at_end)
      : image(of),
        x(size(), at_end),
        y(size(), at_end),
        scratch(static_cast<std::size_t>(of.scratch()), at_end),
        gradient(size(), at_end) {
    bvae_test::fill(x, 1.1, 0.5, 0.5);
    bvae_test::fill(y, 0.7, 0.4, 0.5);
    for (std::size_t i = 0; i < size(); ++i) y[i] = static_cast<T>((x[i] + y[i]) / 2);
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(image.height * image.row()); }
  double run(bool with_luminance, bool with_gradient) {
    // What was in the memory before does not matter.
    std::fill(scratch.begin(), scratch.end(), std::numeric_limits<double>::quiet_NaN());
    return kernels::structural_similarity<T>(image, with_luminance, x.data(), y.data(), scratch.data(),
                                             with_gradient ? gradient.data() : nullptr);
  }

  SsimImage image;
  Guarded<T> x, y;
  Guarded<double> scratch, gradient;
};

/// Window by window, as the formula says; adds to the gradient.
template <class T>
double similarity(Pair<T>& pair, bool with_luminance, std::vector<double>& gradient) {
  const SsimImage& image = pair.image;
  constexpr Size kSize = SsimWindow::kSize;
  const Size rows = image.height - kSize + 1, columns = image.width - kSize + 1;
  const double windows = static_cast<double>(rows * columns * image.channels);
  double total = 0;
  for (Size row = 0; row < rows; ++row)
    for (Size column = 0; column < columns; ++column)
      for (Size c = 0; c < image.channels; ++c) {
        const auto for_window = [&](auto visit) {
          for (Size i = 0; i < kSize; ++i)
            for (Size j = 0; j < kSize; ++j) {
              const auto at = static_cast<std::size_t>((row + i) * image.row() + (column + j) * image.channels + c);
              visit(at, SsimWindow::kWeights[i] * SsimWindow::kWeights[j], double(pair.x[at]), double(pair.y[at]));
            }
        };
        double mx = 0, my = 0, variances = 0, covariance = 0;
        for_window([&](std::size_t, double w, double x, double y) { mx += w * x, my += w * y; });
        for_window([&](std::size_t, double w, double x, double y) {
          variances += w * ((x - mx) * (x - mx) + (y - my) * (y - my));
          covariance += w * (x - mx) * (y - my);
        });
        const double b1 = mx * mx + my * my + SsimWindow::kC1, b2 = variances + SsimWindow::kC2;
        const double luminance = with_luminance ? (2 * mx * my + SsimWindow::kC1) / b1 : 1;
        const double structure = (2 * covariance + SsimWindow::kC2) / b2;
        const double to_mean = with_luminance ? 2 * (mx - luminance * my) / b1 * structure : 0;
        total += luminance * structure;
        for_window([&](std::size_t at, double w, double x, double y) {
          const double to_structure = 2 * ((x - mx) - structure * (y - my)) / b2;
          gradient[at] += w * (to_mean + luminance * to_structure) / windows;
        });
      }
  return total / windows;
}

template <class T>
void check(const SsimImage& image, bool at_end) {
  Pair<T> pair(image, at_end);
  for (const bool with_luminance : {false, true}) {
    std::vector<double> gradient(pair.size());
    const double expected = similarity(pair, with_luminance, gradient);
    REQUIRE(bvae_test::close(pair.run(with_luminance, false), expected, 1e-12));
    REQUIRE(bvae_test::close(pair.run(with_luminance, true), expected, 1e-12));
    bool right = true;
    for (std::size_t i = 0; i < pair.size(); ++i) right = right && std::abs(pair.gradient[i] - gradient[i]) <= 1e-12;
    REQUIRE(right);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::structural_similarity: is right for any size, and touches nothing else", "[kernels]",
                   float, double) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const SsimImage& image : kImages)
      for (const bool at_end : {false, true}) {
        CAPTURE(name(isa), image.channels, image.height, image.width, at_end);
        check<TestType>(image, at_end);
      }
  }
}

TEST_CASE("kernels::product_of_powers: is right for up to 16 numbers, and touches nothing else", "[kernels]") {
  bvae_test::for_isas_and_lengths(
      [](std::size_t count, bool at_end) {
        Guarded<double> bases(count, at_end), exponents(count, at_end), slopes(count, at_end);
        bvae_test::fill(bases, 1.1, 0.4, 0.6);
        bvae_test::fill(exponents, 0.7, 0.4, 0.5);
        if (count > 3) bases[3] = -0.5;  // counts as `least`, whose slope is 0
        const double least = 1e-3;
        double product = 1;
        for (std::size_t i = 0; i < count; ++i) product *= std::pow(std::max(bases[i], least), exponents[i]);
        REQUIRE(bvae_test::close(
            kernels::product_of_powers(static_cast<Size>(count), bases.data(), exponents.data(), least, slopes.data()),
            product, 1e-13));
        for (std::size_t i = 0; i < count; ++i)
          REQUIRE(bvae_test::close(slopes[i], bases[i] > least ? exponents[i] * product / bases[i] : 0, 1e-13));
      },
      {.dense = 16, .most = 16});
}

TEMPLATE_TEST_CASE("kernels::structural_similarity: has the same bits for all registers", "[kernels]", float, double) {
  struct Result {
    std::vector<double> values;
  };
  const auto run = [] {
    Result result;
    for (const SsimImage& image : kImages)
      for (const bool with_luminance : {false, true}) {
        Pair<TestType> pair(image, true);
        result.values.push_back(pair.run(with_luminance, true));
        result.values.insert(result.values.end(), pair.gradient.begin(), pair.gradient.end());
      }
    return result;
  };
  bvae_test::for_fused_isas(
      run, [](const Result& first, const Result& other) { CHECK(bvae_test::same_bits(first.values, other.values)); });
}
