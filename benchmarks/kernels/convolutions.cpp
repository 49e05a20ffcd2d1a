// Convolutions as Conv2d and ConvTranspose2d compute them: the first two layers of the model of Burgess et al.
#include <string>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

namespace convolutions = bvae::convolutions;
using convolutions::Extents;

constexpr Index kSamples = 16;

struct Images {
  explicit Images(const Extents& e)
      : w(numbers(e.coarse_panels() * bvae::TensorInfo::panel_of(e.taps()), -0.1f, 0.1f)),
        bias(numbers(e.coarse_panels() * Extents::kPanel, -0.1f, 0.1f)),
        fine(numbers(kSamples * e.fine_size())),
        coarse(numbers(kSamples * e.coarse_size())) {}
  bvae::Arena<float> w, bias, fine, coarse;
};

/// `work` gets the images and weights of its own. Operations are counted as PyTorch does: each pixel of the coarse
/// image meets the whole kernel.
template <class Work>
void add_convolution(const std::string& name, const std::string& shape, const Extents& e, Work work) {
  add(name + "/" + shape + "/" + std::to_string(kSamples), [=](benchmark::State& state) {
    Images images(e);
    const double operations = 2.0 * static_cast<double>(kSamples * e.coarse_size()) * static_cast<double>(e.taps());
    measure_operations(state, operations, [&] { work(images); });
  });
}

void add_convolutions_of(const std::string& shape, const Extents& e) {
  add_convolution("convolution_gather", shape, e, [e](Images& i) {
    convolutions::gather(e, kSamples, i.w.data(), i.bias.data(), Extents::kPanel, i.fine.data(), i.coarse.data(), 0.0f);
  });
  add_convolution("convolution_scatter", shape, e, [e](Images& i) {
    const float* const no_bias = nullptr;
    convolutions::scatter(e, kSamples, i.w.data(), no_bias, i.coarse.data(), i.fine.data(), 1.0f);
  });
  add_convolution("convolution_weights_gradient", shape, e, [e](Images& i) {
    for (Index part = 0; part < e.gradient_parts(); ++part)
      convolutions::weights_gradient(e, kSamples, i.fine.data(), i.coarse.data(), part, i.w.data());
  });
}

}  // namespace

void add_convolutions() {
  // Fine channels, height, width; coarse ones; kernel, stride, padding.
  add_convolutions_of("32x32x32-32x16x16", {32, 32, 32, 32, 16, 16, 4, 2, 1});
  add_convolutions_of("1x64x64-32x32x32", {1, 64, 64, 32, 32, 32, 4, 2, 1});
  add("sum_pixels/32x16x16", [](benchmark::State& state) {
    constexpr Index kChannels = 32, kPixels = 16 * 16;
    const auto from = numbers(kChannels * kPixels);
    bvae::Arena<float> to(kChannels);
    measure_pass(state, kChannels * kPixels, 4, [&] {
      bvae::kernels::sum_pixels<float>(kChannels, kPixels, from.data(), to.data(), Extents::kPanel, false);
    });
  });
}

}  // namespace bvae_benchmark
