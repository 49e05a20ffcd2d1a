#include "bvae/kernels/convolutions.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::kernels::Convolution;
using bvae::kernels::Correlation;
using bvae::kernels::Size;
using bvae_test::Guarded;
namespace kernels = bvae::kernels;

template <class S>
Guarded<S> numbers(Size count, double frequency, bool at_end) {
  Guarded<S> values(static_cast<std::size_t>(count), at_end);
  bvae_test::fill(values, frequency);
  return values;
}

Size padded(Size channels) { return (channels + 15) / 16 * 16; }

/// a b + c as the instruction set in use computes it.
template <class S>
S multiply_add(S a, S b, S c) {
  if (bvae_test::is_fused(bvae::isa())) return std::fma(a, b, c);
  volatile S product = a * b;
  return product + c;
}

template <class S>
void check_convolution(Size channels, Size height, Size width, Size runs, Size length, Size stride, S slope,
                       bool at_end) {
  INFO(channels << " channels, " << height << " x " << width << " pixels, " << runs << " runs of " << length);
  const Size depth = runs * length;
  Convolution<S> work{.channels = channels,
                      .height = height,
                      .width = width,
                      .runs = runs,
                      .length = length,
                      .a = nullptr,
                      .a_panel = 16 * depth + 48,
                      .start = nullptr,
                      .start_panel = 16,
                      .b = nullptr,
                      .b_row = 3 * length + width * stride,
                      .b_pixel = stride,
                      .b_run = length + width * stride,
                      .c = nullptr,
                      .c_row = width * (channels + 3) + 5,
                      .c_pixel = channels + 3,
                      .slope = slope};
  const Size b_size = (height - 1) * work.b_row + (width - 1) * work.b_pixel + (runs - 1) * work.b_run + length;
  const Size c_size = (height - 1) * work.c_row + (width - 1) * work.c_pixel + channels;
  const auto a = numbers<S>(padded(channels) / 16 * work.a_panel - 48, 0.37, at_end);
  const auto start = numbers<S>(padded(channels), 0.11, at_end);
  const auto b = numbers<S>(std::max<Size>(b_size, 0), 0.73, at_end);
  Guarded<S> c(static_cast<std::size_t>(c_size), at_end);
  std::fill(c.begin(), c.end(), S(77));
  std::vector<S> expected(c.begin(), c.end());
  for (Size y = 0; y < height; ++y)
    for (Size x = 0; x < width; ++x)
      for (Size i = 0; i < channels; ++i) {
        S sum = start.data()[i];
        for (Size r = 0; r < runs; ++r)
          for (Size k = 0; k < length; ++k)
            sum = multiply_add(a.data()[i / 16 * work.a_panel + (r * length + k) * 16 + i % 16],
                               b.data()[y * work.b_row + x * work.b_pixel + r * work.b_run + k], sum);
        if (sum < S(0)) sum = slope == S(0) ? S(0) : sum * slope;
        expected[static_cast<std::size_t>(y * work.c_row + x * work.c_pixel + i)] = sum;
      }
  work.a = a.data();
  work.start = start.data();
  work.b = b.data();
  work.c = c.begin();
  kernels::convolve(work);
  CHECK(bvae_test::same_bits(std::vector<S>(c.begin(), c.end()), expected));
}

template <class S>
void check_correlation(Size panels, Size columns, Size height, Size width, bool adds, bool at_end) {
  INFO(panels << " panels, " << columns << " columns, " << height << " x " << width << " pixels, adds " << adds);
  Correlation<S> work{.panels = panels,
                      .columns = columns,
                      .height = height,
                      .width = width,
                      .a = nullptr,
                      .a_row = width * 16 * panels + 7,
                      .a_pixel = 16 * panels,
                      .a_panel = 16,
                      .b = nullptr,
                      .b_row = 2 * width + columns,
                      .b_pixel = 2,
                      .c = nullptr,
                      .c_panel = 16 * columns + 32,
                      .adds = adds};
  const bool any = height > 0 && width > 0;
  const auto a = numbers<S>(any ? (height - 1) * work.a_row + width * work.a_pixel : 0, 0.37, at_end);
  const auto b = numbers<S>(any ? (height - 1) * work.b_row + (width - 1) * 2 + columns : 0, 0.73, at_end);
  auto c = numbers<S>(panels * work.c_panel - 32, 0.19, at_end);
  std::vector<S> expected(c.begin(), c.end());
  for (Size p = 0; p < panels; ++p)
    for (Size n = 0; n < columns; ++n)
      for (Size l = 0; l < 16; ++l) {
        S sum = 0;
        for (Size y = 0; y < height; ++y)
          for (Size x = 0; x < width; ++x)
            sum = multiply_add(a.data()[y * work.a_row + x * work.a_pixel + 16 * p + l],
                               b.data()[y * work.b_row + x * work.b_pixel + n], sum);
        S& to = expected[static_cast<std::size_t>(p * work.c_panel + 16 * n + l)];
        to = adds ? to + sum : sum;
      }
  work.a = a.data();
  work.b = b.data();
  work.c = c.begin();
  kernels::correlate(work);
  CHECK(bvae_test::same_bits(std::vector<S>(c.begin(), c.end()), expected));
}

template <class Check>
void for_isas(Check&& check) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const bool at_end : {false, true}) {
      INFO(name(isa) << (at_end ? ", at the end of a page" : ""));
      check(at_end);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("convolve: one chain of multiply-adds for each element, nothing outside is touched",
                   "[kernels][convolutions]", float, double) {
  for_isas([](bool at_end) {
    for (const Size channels : {1, 7, 16, 20, 32, 33, 48, 70})
      for (Size width = 1; width <= 20; ++width)
        check_convolution<TestType>(channels, 2, width, 1 + width % 3, 1 + channels % 5, 1 + width % 4,
                                    TestType(width % 3) / 2, at_end);
    check_convolution<TestType>(32, 3, 16, 4, 40, 20, 0, at_end);
    check_convolution<TestType>(5, 1, 1, 1, 1, 1, 1, at_end);
    check_convolution<TestType>(33, 4, 9, 1, 300, 5, 1, at_end);
  });
}

TEST_CASE("convolve: without runs the start is all there is", "[kernels][convolutions]") {
  std::vector<float> start(32), c(3 * 20, 7.0f);
  bvae_test::fill(start, 0.3);
  kernels::convolve<float>({.channels = 20,
                            .height = 1,
                            .width = 3,
                            .runs = 0,
                            .length = 0,
                            .a = nullptr,
                            .a_panel = 0,
                            .start = start.data(),
                            .start_panel = 16,
                            .b = nullptr,
                            .b_row = 0,
                            .b_pixel = 0,
                            .b_run = 0,
                            .c = c.data(),
                            .c_row = 0,
                            .c_pixel = 20});
  for (std::size_t i = 0; i < c.size(); ++i) CHECK(c[i] == start[i % 20]);
}

TEMPLATE_TEST_CASE("correlate: one chain of multiply-adds for each element, nothing outside is touched",
                   "[kernels][convolutions]", float, double) {
  for_isas([](bool at_end) {
    for (const bool adds : {false, true}) {
      for (Size panels = 1; panels <= 5; ++panels)
        for (Size columns = 1; columns <= 20; ++columns)
          check_correlation<TestType>(panels, columns, 1 + columns % 3, 1 + panels * 3, adds, at_end);
      check_correlation<TestType>(2, 32, 16, 16, adds, at_end);
      check_correlation<TestType>(1, 8, 0, 3, adds, at_end);
      check_correlation<TestType>(1, 8, 3, 0, adds, at_end);
    }
  });
}

TEMPLATE_TEST_CASE("sum_pixels: sums in the documented order, nothing outside is touched", "[kernels][convolutions]",
                   float, double) {
  for_isas([](bool at_end) {
    for (const Size channels : {1, 2, 3, 4, 5, 15, 16, 17, 32, 40})
      for (Size pixels = 1; pixels <= 11; ++pixels)
        for (const bool adds : {false, true}) {
          INFO(channels << " channels, " << pixels << " pixels, adds " << adds);
          constexpr Size kPanel = 20;
          const auto from = numbers<TestType>(channels * pixels, 0.37, at_end);
          auto to = numbers<TestType>((padded(channels) / 16 - 1) * kPanel + (channels - 1) % 16 + 1, 0.2, at_end);
          std::vector<TestType> expected(to.begin(), to.end());
          for (Size i = 0; i < channels; ++i) {
            TestType sums[4] = {};
            for (Size p = 0; p < pixels; ++p) sums[p % 4] += from.data()[p * channels + i];
            const TestType sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            TestType& out = expected[static_cast<std::size_t>(i / 16 * kPanel + i % 16)];
            out = adds ? out + sum : sum;
          }
          kernels::sum_pixels(channels, pixels, from.data(), to.begin(), kPanel, adds);
          CHECK(bvae_test::same_bits(std::vector<TestType>(to.begin(), to.end()), expected));
        }
  });
}
