#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "bvae/core/reductions.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/conv_2d.hpp"
#include "bvae/layers/conv_transpose_2d.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"

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
