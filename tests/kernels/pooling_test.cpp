#include "bvae/kernels/pooling.hpp"

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
using bvae::kernels::Windows;
using bvae_test::Guarded;

constexpr Size kSamples = 2;

/// Few different numbers, so that windows hold their maximum more than once.
template <class Values>
void fill_small(Values& values, std::size_t seed) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::remove_reference_t<decltype(values[0])>>(static_cast<int>((i * 7 + seed) % 5) - 2);
}

/// Calls visit(index of an output, index of a pixel in its window) for all of them, window by window, row by row.
template <class Visit>
void for_pixels(const Windows& w, Visit visit) {
  for (Size s = 0; s < kSamples; ++s)
    for (Size row = 0; row < w.out_height; ++row)
      for (Size column = 0; column < w.out_width; ++column)
        for (Size i = 0; i < w.size; ++i)
          for (Size j = 0; j < w.size; ++j) {
            const Size y = row * w.stride - w.padding + i, x = column * w.stride - w.padding + j;
            if (y < 0 || y >= w.height || x < 0 || x >= w.width) continue;
            for (Size c = 0; c < w.channels; ++c)
              visit(static_cast<std::size_t>(((s * w.out_height + row) * w.out_width + column) * w.channels + c),
                    static_cast<std::size_t>(((s * w.height + y) * w.width + x) * w.channels + c));
          }
}

template <class T>
void check_windows(const Windows& w, bool at_end) {
  const auto pixels = static_cast<std::size_t>(kSamples * w.height * w.width * w.channels);
  const auto outputs = static_cast<std::size_t>(kSamples * w.out_height * w.out_width * w.channels);
  const T count = static_cast<T>(w.size * w.size);
  Guarded<T> x(pixels, at_end), dx(pixels, at_end), y(outputs, at_end), dy(outputs, at_end);
  fill_small(x, 1);
  bvae_test::fill(dy, 1.3);
  bvae_test::fill(dx, 1.7);  // to be overwritten

  std::vector<T> largest(outputs, -std::numeric_limits<T>::infinity()), sum(outputs);
  for_pixels(w, [&](std::size_t out, std::size_t pixel) {
    if (x[pixel] > largest[out]) largest[out] = x[pixel];
    sum[out] += x[pixel];
  });
  std::vector<T> to_largest(pixels), to_all(pixels);
  std::vector<bool> found(outputs);
  for_pixels(w, [&](std::size_t out, std::size_t pixel) {
    to_all[pixel] += dy[out] / count;
    if (x[pixel] != largest[out] || found[out]) return;
    found[out] = true;
    to_largest[pixel] += dy[out];
  });
  for (T& value : sum) value /= count;

  kernels::max_pool<T>(w, kSamples, x.data(), y.data());
  REQUIRE(bvae_test::same_bits(y, largest));
  kernels::max_pool_backward<T>(w, kSamples, x.data(), y.data(), dy.data(), dx.data());
  REQUIRE(bvae_test::same_bits(dx, to_largest));
  kernels::average_pool<T>(w, kSamples, x.data(), y.data());
  REQUIRE(bvae_test::same_bits(y, sum));
  kernels::average_pool_backward<T>(w, kSamples, dy.data(), dx.data());
  REQUIRE(bvae_test::same_bits(dx, to_all));
}

template <class T>
void check_upsample(Size channels, Size height, Size width, Size factor, bool at_end) {
  const auto pixels = static_cast<std::size_t>(kSamples * height * width * channels);
  const auto outputs = pixels * static_cast<std::size_t>(factor * factor);
  Guarded<T> x(pixels, at_end), dx(pixels, at_end), y(outputs, at_end), dy(outputs, at_end);
  bvae_test::fill(x, 1.1);
  bvae_test::fill(dy, 1.3);
  std::vector<T> copied(outputs), sum(pixels);
  for_pixels({channels, height * factor, width * factor, height, width, factor, factor, 0},
             [&](std::size_t small, std::size_t large) {
               copied[large] = x[small];
               sum[small] += dy[large];
             });
  kernels::upsample<T>(channels, height, width, factor, kSamples, x.data(), y.data());
  REQUIRE(bvae_test::same_bits(y, copied));
  kernels::upsample_backward<T>(channels, height, width, factor, kSamples, dy.data(), dx.data());
  REQUIRE(bvae_test::same_bits(dx, sum));
}

constexpr bvae_test::Lengths kChannels{.dense = 18, .most = 53, .step = 7};

}  // namespace

TEMPLATE_TEST_CASE("kernels::max_pool, average_pool: are right for any number of channels, and touch nothing else",
                   "[kernels]", float, double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t count, bool at_end) {
        const auto channels = static_cast<Size>(count);
        check_windows<TestType>({channels, 5, 7, 3, 4, 3, 2, 1}, at_end);  // overlap, with a border
        check_windows<TestType>({channels, 6, 4, 3, 2, 2, 2, 0}, at_end);  // side by side
        check_windows<TestType>({channels, 5, 8, 2, 3, 2, 3, 0}, at_end);  // with gaps
        check_windows<TestType>({channels, 3, 3, 1, 1, 3, 1, 0}, at_end);  // the whole image
      },
      kChannels);
}

TEMPLATE_TEST_CASE("kernels::upsample: is right for any number of channels, and touches nothing else", "[kernels]",
                   float, double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t count, bool at_end) {
        const auto channels = static_cast<Size>(count);
        for (const Size factor : {1, 2, 3}) check_upsample<TestType>(channels, 3, 5, factor, at_end);
      },
      kChannels);
}
