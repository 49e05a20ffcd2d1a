#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/conv_transpose2d.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/leaky_relu.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/sigmoid.hpp"
#include "bvae/layers/silu.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::Conv2d;
using bvae::ConvTranspose2d;
using bvae::Image;
using bvae::Index;
using oracle::Golden;

constexpr Index kSamples = 3;

/// Values of a stream that PyTorch has in C, H, W.
template <class Scalar, class Shape>
bvae::Matrix<Scalar> image_batch(std::uint32_t stream, Index samples) {
  return oracle::channels_last(oracle::formula_matrix<Scalar>(stream, Shape::kSize, samples), Shape::kChannels,
                               Shape::kHeight, Shape::kWidth);
}
template <class Shape, class Scalar>
double error_of_images(const Scalar* actual, const Golden& golden, const std::string& name) {
  const bvae::Matrix<double> expected =
      oracle::channels_last(golden.matrix<double>(name), Shape::kChannels, Shape::kHeight, Shape::kWidth);
  const auto size = static_cast<std::size_t>(expected.size());
  return oracle::relative_error(std::span<const Scalar>(actual, size), std::span<const double>(expected.data(), size));
}

template <class In, class Layer, class Scalar>
void compare(const Golden& golden, const std::string& name, double y_bar, double gradient_bar) {
  using Net = bvae::Network<In, Layer>;
  using Out = typename Net::Output;
  bvae::Arena<Scalar> parameters(static_cast<std::size_t>(Net::kParameters));
  bvae::Arena<Scalar> gradient(parameters.size(), Scalar(7));
  const std::vector<bvae::NamedTensor> tensors = Net::parameter_tensors("layer", 0, false);
  for (std::size_t t = 0; t < 2; ++t)
    bvae::detail::for_each_value(tensors[t].info, [&](Index file, Index memory) {
      parameters[static_cast<std::size_t>(tensors[t].offset + memory)] =
          static_cast<Scalar>(oracle::formula(static_cast<std::uint32_t>(t + 1), file));
    });
  bvae::Matrix<Scalar> x = image_batch<Scalar, In>(3, kSamples);
  bvae::Matrix<Scalar> dx(In::kSize, kSamples);
  const bvae::Matrix<Scalar> dy = image_batch<Scalar, Out>(4, kSamples);
  typename Net::template Activations<Scalar> a(kSamples, x.data(), dx.data());
  const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, kSamples);
  Net::template forward<Scalar>(pass, parameters.data(), nullptr, a);
  std::copy_n(dy.data(), dy.size(), a.output_delta());
  Net::template backward<Scalar>(pass, parameters.data(), a);
  double squares = 0;
  for (const bvae::GradientTask& task : Net::gradient_tasks())
    squares += Net::template gradient<Scalar>(task, kSamples, parameters.data(), a, gradient.data());

  INFO(name << (sizeof(Scalar) == 4 ? " float" : " double"));
  CHECK(error_of_images<Out>(a.output(), golden, name + ".y") <= y_bar);
  CHECK(error_of_images<In>(dx.data(), golden, name + ".dx") <= gradient_bar);
  double expected_squares = 0;
  for (const bvae::NamedTensor& tensor : tensors) {
    const std::string field = tensor.name.substr(tensor.name.rfind('.') + 1);
    const std::vector<double> expected = golden[name + "." + field];
    std::vector<Scalar> actual(expected.size());
    bvae::detail::for_each_value(tensor.info, [&](Index file, Index memory) {
      actual[static_cast<std::size_t>(file)] = gradient[static_cast<std::size_t>(tensor.offset + memory)];
    });
    INFO(field);
    CHECK(oracle::relative_error(std::span<const Scalar>(actual), std::span<const double>(expected)) <= gradient_bar);
    for (const double g : expected) expected_squares += g * g;
  }
  CHECK(std::abs(squares - expected_squares) <= 10 * gradient_bar * expected_squares);
}

template <class In, class Layer>
void compare_both(const Golden& golden, const std::string& name) {
  compare<In, Layer, double>(golden, name, 1e-14, 1e-14);
  compare<In, Layer, float>(golden, name, 1e-6, 2e-6);
}

}  // namespace

TEST_CASE("Convolutions: outputs and gradients are PyTorch's", "[layers][pytorch]") {
  const Golden golden("convolutions.safetensors");
  SECTION("Conv2d") {
    compare_both<Image<3, 7, 5>, Conv2d<5, 3, 2, 1>>(golden, "Conv2d.0");
    compare_both<Image<1, 8, 6>, Conv2d<20, 4, 2, 1>>(golden, "Conv2d.1");
    compare_both<Image<9, 9, 6>, Conv2d<20, 4, 2, 1>>(golden, "Conv2d.2");
    compare_both<Image<8, 5, 7>, Conv2d<32, 3>>(golden, "Conv2d.3");
    compare_both<Image<10, 8, 8>, Conv2d<17, 2, 3>>(golden, "Conv2d.4");
    compare_both<Image<16, 1, 3>, Conv2d<4, 1>>(golden, "Conv2d.5");
    compare_both<Image<2, 3, 4>, Conv2d<3, 5, 4, 3>>(golden, "Conv2d.6");
  }
  SECTION("ConvTranspose2d") {
    compare_both<Image<5, 4, 3>, ConvTranspose2d<3, 3, 2, 1, 1>>(golden, "ConvTranspose2d.0");
    compare_both<Image<4, 4, 3>, ConvTranspose2d<1, 4, 2, 1>>(golden, "ConvTranspose2d.1");
    compare_both<Image<20, 4, 3>, ConvTranspose2d<9, 4, 2, 1>>(golden, "ConvTranspose2d.2");
    compare_both<Image<32, 3, 5>, ConvTranspose2d<8, 3>>(golden, "ConvTranspose2d.3");
    compare_both<Image<17, 2, 2>, ConvTranspose2d<10, 2, 3, 0, 1>>(golden, "ConvTranspose2d.4");
    compare_both<Image<3, 2, 3>, ConvTranspose2d<16, 5, 3, 2, 2>>(golden, "ConvTranspose2d.5");
  }
}

namespace {

using Fine = bvae::Network<Image<1, 12, 10>, Conv2d<20, 4, 2, 1>, bvae::ReLU, Conv2d<33, 3, 2, 1>, bvae::Tanh>;
using Back = bvae::Network<Image<33, 3, 3>, ConvTranspose2d<20, 3, 2, 1>, bvae::LeakyReLU, ConvTranspose2d<3, 4, 2, 1>,
                           bvae::Sigmoid>;

/// With an activation taken along, and with one that Network has to compute alone.
template <class In, class Layer, class Activation>
void check_fusion() {
  using Fused = bvae::Network<In, Layer, Activation>;
  using Alone = bvae::Network<In, Layer>;
  using Then = bvae::Network<typename Alone::Output, Activation>;
  bvae::Arena<float> parameters(static_cast<std::size_t>(Fused::kParameters));
  Fused::initialize(parameters.data(), bvae::Seed{5}, 0);
  bvae::Matrix<float> x = image_batch<float, In>(3, kSamples);
  typename Fused::template Activations<float> fused(kSamples, x.data(), nullptr);
  typename Alone::template Activations<float> alone(kSamples, x.data(), nullptr);
  typename Then::template Activations<float> then(kSamples, alone.output(), nullptr);
  const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, kSamples);
  float* const none = nullptr;
  Fused::forward(pass, parameters.data(), none, fused);
  Alone::forward(pass, parameters.data(), none, alone);
  Then::forward(pass, parameters.data(), none, then);
  const auto size = static_cast<std::size_t>(Fused::Output::kSize * kSamples);
  CHECK(bvae_test::same_bits(std::vector<float>(fused.output(), fused.output() + size),
                             std::vector<float>(then.output(), then.output() + size)));
}

template <bvae::Shape In, class... Layers>
void check_gradient(double away_from_zero = 0) {
  for (const Index samples : {Index{3}, Index{20}}) {
    const auto result = bvae::testing::check_layers<In, Layers...>(bvae::Seed{7}, samples, away_from_zero);
    INFO(samples << " samples: input " << result.input.relative_error << ", parameters "
                 << result.parameters.relative_error);
    CHECK(result.input.checked > 0);
    CHECK(result.relative_error() <= 1e-8);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Convolutions: threads and instruction sets change no bit", "[layers][threads]", float, double) {
  for (const Index samples : {1, 3, 17, 31}) {
    INFO("samples " << samples);
    bvae_test::for_fused_isas([&] { return harness::train<Fine, TestType>(1, samples, 40, true); },
                              [&](const auto& first, const auto& other) {
                                harness::check_same_bits(other, first);
                                harness::check_same_bits(harness::train<Fine, TestType>(3, samples, 40, true), first);
                              });
    bvae_test::for_fused_isas([&] { return harness::train<Back, TestType>(1, samples, 40, true); },
                              [&](const auto& first, const auto& other) {
                                harness::check_same_bits(other, first);
                                harness::check_same_bits(harness::train<Back, TestType>(4, samples, 40, true), first);
                              });
  }
}

TEST_CASE("Convolutions: an activation taken along gives the bits of one alone", "[layers]") {
  check_fusion<Image<3, 7, 5>, Conv2d<17, 3, 2, 1>, bvae::ReLU>();
  check_fusion<Image<9, 7, 5>, Conv2d<32, 3, 1, 1>, bvae::LeakyReLU>();
  check_fusion<Image<9, 7, 5>, Conv2d<32, 3, 1, 1>, bvae::SiLU>();
  check_fusion<Image<9, 7, 5>, Conv2d<32, 3, 1, 1>, bvae::Tanh>();
  check_fusion<Image<9, 4, 5>, ConvTranspose2d<32, 4, 2, 1>, bvae::ReLU>();
  check_fusion<Image<9, 4, 5>, ConvTranspose2d<2, 4, 2, 1>, bvae::LeakyReLU>();
  check_fusion<Image<9, 4, 5>, ConvTranspose2d<2, 4, 2, 1>, bvae::Sigmoid>();
}

TEST_CASE("Convolutions: gradients are right to 1e-8", "[layers][gradient]") {
  check_gradient<Image<3, 5, 4>, Conv2d<2, 3, 2, 1>>();
  check_gradient<Image<9, 4, 5>, Conv2d<3, 2>>();
  check_gradient<Image<2, 3, 4>, ConvTranspose2d<3, 3, 2, 1, 1>>();
  check_gradient<Image<2, 3, 2>, ConvTranspose2d<9, 3, 2, 1>>();
  check_gradient<Image<1, 6, 4>, Conv2d<9, 4, 2, 1>, bvae::Tanh, Conv2d<10, 3, 1, 1>, bvae::SiLU, bvae::Flatten,
                 bvae::Linear<3>>();
  check_gradient<Image<8, 2, 2>, ConvTranspose2d<9, 4, 2, 1>, bvae::Tanh, ConvTranspose2d<1, 4, 2, 1>>();
}

TEST_CASE("Convolutions: every value of the gradient is written by one task", "[layers]") {
  const auto check = [](auto net) {
    using Net = decltype(net);
    constexpr double kUnwritten = 123456;
    const auto size = static_cast<std::size_t>(Net::kParameters);
    bvae::Arena<double> parameters(size), gradient(size, kUnwritten);
    bvae::Matrix<double> x = bvae::Matrix<double>::Random(Net::Input::kSize, kSamples);
    const typename Net::template Activations<double> a(kSamples, x.data(), nullptr);
    std::fill_n(a.output_delta(), Net::Output::kSize * kSamples, 1.0);
    std::vector<int> written(size);
    for (const bvae::GradientTask& task : Net::gradient_tasks()) {
      bvae::Arena<double> own(size, kUnwritten);
      const double squares = Net::gradient(task, kSamples, parameters.data(), a, own.data());
      double sum = 0;
      for (std::size_t i = 0; i < size; ++i) {
        if (own[i] == kUnwritten) continue;
        ++written[i];
        sum += own[i] * own[i];
      }
      CHECK(squares == Approx(sum).epsilon(1e-12));
    }
    for (const bvae::NamedTensor& tensor : Net::parameter_tensors("net", 0))
      bvae::detail::for_each_value(tensor.info, [&](Index, Index memory) {
        REQUIRE(written[static_cast<std::size_t>(tensor.offset + memory)] == 1);
      });
    CHECK(*std::max_element(written.begin(), written.end()) == 1);
  };
  check(bvae::Network<Image<3, 5, 4>, Conv2d<70, 3, 2, 1>>{});
  check(bvae::Network<Image<9, 5, 4>, Conv2d<20, 3, 2, 1>>{});
  check(bvae::Network<Image<70, 2, 3>, ConvTranspose2d<2, 3, 2, 1>>{});
  check(bvae::Network<Image<20, 2, 3>, ConvTranspose2d<9, 3, 2, 1>>{});
}

TEST_CASE("Convolutions: weights start as PyTorch's", "[layers]") {
  const auto check = [](auto net, double bound) {
    using Net = decltype(net);
    bvae::Arena<float> parameters(static_cast<std::size_t>(Net::kParameters));
    Net::initialize(parameters.data(), bvae::Seed{1}, 0);
    for (const bvae::NamedTensor& tensor : Net::parameter_tensors("net", 0)) {
      double largest = 0, mean = 0;
      bvae::detail::for_each_value(tensor.info, [&](Index, Index memory) {
        const double w = static_cast<double>(parameters[static_cast<std::size_t>(tensor.offset + memory)]);
        largest = std::max(largest, std::abs(w));
        mean += w / static_cast<double>(tensor.info.size());
      });
      INFO(tensor.name);
      CHECK(largest <= bound);
      CHECK(largest >= 0.9 * bound);
      CHECK(std::abs(mean) <= bound * 4 / std::sqrt(3.0 * static_cast<double>(tensor.info.size())));
    }
  };
  check(bvae::Network<Image<8, 5, 5>, Conv2d<64, 3>>{}, 1 / std::sqrt(72.0));
  check(bvae::Network<Image<8, 5, 5>, ConvTranspose2d<64, 3>>{}, 1 / std::sqrt(576.0));
}
