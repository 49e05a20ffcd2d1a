// Kernels that need to know where pixels lie: pooling, enlarging, structural similarity.
#include <string>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

namespace kernels = bvae::kernels;

/// 32 channels; a value is one of the larger image.
constexpr Index kChannels = 32, kSide = 32, kHalf = kSide / 2, kLarge = kChannels * kSide * kSide, kSmall = kLarge / 4;
constexpr kernels::Windows kWindows{kChannels, kSide, kSide, kHalf, kHalf, 2, 2, 0};

struct Images {
  bvae::Arena<float> large = numbers(kLarge), small = numbers(kSmall), d_small = numbers(kSmall),
                     d_large = numbers(kLarge);
};

template <class Pass>
void add_pass(const std::string& name, double bytes, Pass pass) {
  add(name + "/32x32x32/2", [=](benchmark::State& state) {
    Images images;
    measure_pass(state, kLarge, bytes, [&] { pass(images); });
  });
}

template <bool kWithGradient>
void similarity(benchmark::State& state) {
  constexpr kernels::SsimImage kImage{1, 28, 28};
  constexpr Index kSize = 28 * 28;
  const auto x = numbers(kSize, 0.0f, 1.0f), y = numbers(kSize, 0.2f, 0.9f);
  bvae::Arena<double> scratch(static_cast<std::size_t>(kImage.scratch())), gradient(kSize);
  measure_pass(state, kSize, kWithGradient ? 16 : 8, [&] {
    benchmark::DoNotOptimize(kernels::structural_similarity<float>(kImage, true, x.data(), y.data(), scratch.data(),
                                                                   kWithGradient ? gradient.data() : nullptr));
  });
}

/// Of the similarities at five scales.
void product_of_powers(benchmark::State& state) {
  constexpr Index kScales = 5;
  const auto bases = numbers<double>(kScales, 0.2, 0.9), exponents = numbers<double>(kScales, 0.1, 0.3);
  bvae::Arena<double> slopes(kScales);
  measure_pass(state, kScales, 24, [&] {
    benchmark::DoNotOptimize(kernels::product_of_powers(kScales, bases.data(), exponents.data(), 1e-3, slopes.data()));
  });
}

}  // namespace

void add_images() {
  add_pass("max_pool", 5, [](Images& i) { kernels::max_pool<float>(kWindows, 1, i.large.data(), i.small.data()); });
  add_pass("max_pool_backward", 10, [](Images& i) {
    // Whose maxima y holds does not matter for the speed.
    kernels::max_pool_backward<float>(kWindows, 1, i.large.data(), i.small.data(), i.d_small.data(), i.d_large.data());
  });
  add_pass("average_pool", 5,
           [](Images& i) { kernels::average_pool<float>(kWindows, 1, i.large.data(), i.small.data()); });
  add_pass("average_pool_backward", 5,
           [](Images& i) { kernels::average_pool_backward<float>(kWindows, 1, i.d_small.data(), i.d_large.data()); });
  add_pass("upsample", 5,
           [](Images& i) { kernels::upsample<float>(kChannels, kHalf, kHalf, 2, 1, i.small.data(), i.large.data()); });
  add_pass("upsample_backward", 5, [](Images& i) {
    kernels::upsample_backward<float>(kChannels, kHalf, kHalf, 2, 1, i.d_large.data(), i.d_small.data());
  });
  add("structural_similarity/28x28", &similarity<false>);
  add("structural_similarity_with_gradient/28x28", &similarity<true>);
  add("product_of_powers/5", &product_of_powers);
}

}  // namespace bvae_benchmark
