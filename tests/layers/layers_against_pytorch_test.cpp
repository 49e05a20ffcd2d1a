#include <span>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

namespace {

using bvae::Index;
using oracle::Golden;

// Errors that we allow: y relative to each value, dx relative to each value or (below it) to `floor`.
struct Bars {
  double y;
  double dx;
  double floor = 1e-25;  // values: PyTorch's own tails
  double dx_floor = 1e-25;
};

template <class Layer, class Scalar>
void check_activation(const Golden& golden, const std::string& name, const Bars& bars) {
  const std::vector<double> points = golden["x"];
  const std::vector<double> upstream = golden["dy"];
  using Bound = typename Layer::template Bind<bvae::Features<1>>;
  const auto n = static_cast<Index>(points.size());
  const bvae::Matrix<Scalar> x = Eigen::Map<const bvae::Matrix<double>>(points.data(), 1, n).template cast<Scalar>();
  const bvae::Matrix<Scalar> dy = Eigen::Map<const bvae::Matrix<double>>(upstream.data(), 1, n).template cast<Scalar>();
  bvae::Matrix<Scalar> y(1, n);
  bvae::Matrix<Scalar> dx(1, n);
  const bvae::Tensors<const Scalar> none(nullptr, nullptr);
  Bound::forward(none, bvae::ConstView<Scalar>(x.data(), 1, n), bvae::View<Scalar>(y.data(), 1, n));
  Bound::backward(none, bvae::ConstView<Scalar>(x.data(), 1, n), bvae::ConstView<Scalar>(y.data(), 1, n),
                  bvae::ConstView<Scalar>(dy.data(), 1, n), bvae::View<Scalar>(dx.data(), 1, n));
  const double y_error = oracle::pointwise_error<Scalar>({y.data(), points.size()}, golden[name + ".y"], bars.floor);
  const double dx_error =
      oracle::pointwise_error<Scalar>({dx.data(), points.size()}, golden[name + ".dx"], bars.dx_floor);
  INFO(name << (sizeof(Scalar) == 4 ? " float: y " : " double: y ") << y_error << ", dx " << dx_error);
  CHECK(y_error <= bars.y);
  CHECK(dx_error <= bars.dx);
}

template <class Scalar>
void check_linear(const Golden& golden, double bar) {
  constexpr Index kIn = 7;
  constexpr Index kOut = 5;
  constexpr Index kSamples = 4;
  using Net = bvae::Network<bvae::Features<kIn>, bvae::Linear<kOut>>;
  bvae::Arena<Scalar> parameters(static_cast<std::size_t>(Net::kParameters));
  bvae::Arena<Scalar> gradient(parameters.size());
  const std::vector<bvae::NamedTensor> tensors = Net::parameter_tensors("linear", 0, false);
  for (Index o = 0; o < kOut; ++o) {
    for (Index i = 0; i < kIn; ++i)
      bvae_test::at(parameters, tensors[0], o, i) = static_cast<Scalar>(oracle::formula(1, o * kIn + i));
    bvae_test::at(parameters, tensors[1], o) = static_cast<Scalar>(oracle::formula(2, o));
  }
  bvae::Matrix<Scalar> x = oracle::formula_matrix<Scalar>(3, kIn, kSamples);
  bvae::Matrix<Scalar> dx(kIn, kSamples);
  const bvae::Matrix<Scalar> dy = oracle::formula_matrix<Scalar>(4, kOut, kSamples);
  typename Net::template Activations<Scalar> a(kSamples, x.data(), dx.data());
  const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, kSamples);
  Net::template forward<Scalar>(pass, parameters.data(), nullptr, a);
  std::copy_n(dy.data(), dy.size(), a.output_delta());
  Net::template backward<Scalar>(pass, parameters.data(), a);
  for (const bvae::GradientTask& task : Net::gradient_tasks())
    Net::template gradient<Scalar>(task, kSamples, parameters.data(), a, gradient.data());

  const auto error = [&](std::span<const Scalar> values, const std::string& name) {
    return oracle::relative_error<Scalar, double>(values, golden["Linear." + name]);
  };
  CHECK(error({a.output(), kOut * kSamples}, "y") <= bar);
  CHECK(error({dx.data(), kIn * kSamples}, "dx") <= bar);
  CHECK(error(bvae_test::values_of(gradient, tensors[0]), "weight") <= bar);
  CHECK(error(bvae_test::values_of(gradient, tensors[1]), "bias") <= bar);
}

}  // namespace

TEST_CASE("Linear: output and gradients are PyTorch's", "[layers][pytorch]") {
  const Golden golden("layers.safetensors");
  check_linear<double>(golden, 2e-15);
  check_linear<float>(golden, 1e-6);
}

TEST_CASE("Activations: outputs and gradients are PyTorch's, in the tails and at the kinks", "[layers][pytorch]") {
  const Golden golden("layers.safetensors");
  // A gradient that its layer works out from the output (1 - y * y) has no more digits than 1 has: floor 1. PyTorch
  // does the same. PyTorch's Softplus switches to the identity at 20. In the tails its SiLU's gradient is off by
  // 2.9e-15 and the formula for GELU_tail by 9e-15, ours by less than 5e-16 (computed with 50 digits).
  SECTION("double") {
    check_activation<bvae::ReLU, double>(golden, "ReLU", {0, 0});
    check_activation<bvae::LeakyReLU, double>(golden, "LeakyReLU", {2e-15, 2e-15});
    check_activation<bvae::ELU, double>(golden, "ELU", {2e-15, 2e-15, 1e-25, 1});
    check_activation<bvae::SiLU, double>(golden, "SiLU", {2e-15, 4e-15});
    check_activation<bvae::GELU, double>(golden, "GELU", {2e-15, 2e-15, 1, 1});
    check_activation<bvae::GELU, double>(golden, "GELU_tail", {1e-14, 3e-14});
    check_activation<bvae::Tanh, double>(golden, "Tanh", {2e-15, 2e-15, 1e-25, 1});
    check_activation<bvae::Sigmoid, double>(golden, "Sigmoid", {2e-15, 2e-15, 1e-25, 1});
    check_activation<bvae::Softplus, double>(golden, "Softplus", {1e-10, 2.1e-9, 1, 1});
    check_activation<bvae::Softplus, double>(golden, "Softplus_exact", {2e-15, 2e-15});
  }
  SECTION("float") {
    check_activation<bvae::ReLU, float>(golden, "ReLU", {0, 5e-7});
    check_activation<bvae::LeakyReLU, float>(golden, "LeakyReLU", {5e-7, 5e-7});
    check_activation<bvae::ELU, float>(golden, "ELU", {5e-7, 5e-7, 1e-25, 1});
    check_activation<bvae::SiLU, float>(golden, "SiLU", {5e-7, 3e-6});
    check_activation<bvae::GELU, float>(golden, "GELU", {5e-7, 5e-7, 1, 1});
    check_activation<bvae::GELU, float>(golden, "GELU_tail", {4e-6, 4e-6});
    check_activation<bvae::Tanh, float>(golden, "Tanh", {5e-7, 5e-7, 1e-25, 1});
    check_activation<bvae::Sigmoid, float>(golden, "Sigmoid", {5e-7, 5e-7, 1e-25, 1});
    check_activation<bvae::Softplus, float>(golden, "Softplus", {5e-7, 5e-7, 1, 1});
    check_activation<bvae::Softplus, float>(golden, "Softplus_exact", {5e-7, 5e-7});
  }
}
