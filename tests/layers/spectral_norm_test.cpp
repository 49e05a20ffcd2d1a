#include "bvae/layers/spectral_norm.hpp"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "layers/normalization_harness.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using namespace bvae;
using harness::OneLayer;

static_assert(bvae::BatchLayer<SpectralNorm<Linear<2>>::Bind<Features<3>>>);

namespace {

/// The function that backward differentiates has u and v fixed: evaluation with the state that a training step left.
template <class In, class... Layers>
void check_spectral_gradients(Index samples) {
  using Net = Network<In, Layers...>;
  OneLayer<Net> layer(samples);
  std::vector<double> upstream(static_cast<std::size_t>(Net::Output::kSize * samples));
  RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<double>(upstream));
  layer.forward(Mode::kTraining);
  std::copy(upstream.begin(), upstream.end(), layer.a.output_delta());
  Net::backward(Pass(Mode::kTraining, {}, samples), layer.parameters.data(), layer.a);
  for (const GradientTask& task : Net::gradient_tasks())
    Net::gradient(task, samples, layer.parameters.data(), layer.a, layer.gradient.data());
  const auto value = [&] {
    const auto y = layer.forward(Mode::kEvaluation);
    double sum = 0;
    for (std::size_t i = 0; i < upstream.size(); ++i) sum += upstream[i] * y.data()[i];
    return sum;
  };
  const Arena<double> input_delta = layer.input_delta;
  const auto input = bvae::testing::check_gradient<double>(layer.input, input_delta, value);
  const auto parameters = bvae::testing::check_gradient<double>(layer.parameters, layer.gradient, value);
  INFO(samples << " samples: input " << input.relative_error << ", parameters " << parameters.relative_error);
  CHECK(input.relative_error <= 1e-8);
  CHECK(parameters.relative_error <= 1e-8);
}

}  // namespace

TEST_CASE("SpectralNorm: gradients are right to 1e-8, through sigma too", "[layers][gradient]") {
  for (const Index samples : {3, 20}) {
    check_spectral_gradients<Features<7>, SpectralNorm<Linear<5>>>(samples);
    check_spectral_gradients<Features<20>, SpectralNorm<Linear<33>>>(samples);
    check_spectral_gradients<Features<3>, SpectralNorm<Linear<1>>>(samples);
    check_spectral_gradients<Image<3, 5, 4>, SpectralNorm<Conv2d<5, 3, 2, 1>>>(samples);
    check_spectral_gradients<Image<18, 3, 2>, SpectralNorm<ConvTranspose2d<3, 4, 2, 1>>>(samples);
    check_spectral_gradients<Features<4>, Linear<6>, SpectralNorm<Linear<18>>, Tanh, SpectralNorm<Linear<3>>>(samples);
  }
}

TEST_CASE("SpectralNorm: gradients are right to 1e-8 in evaluation too", "[layers][gradient]") {
  for (const Index samples : {3, 20}) {
    const auto check = [&]<class In, class... Layers>(std::type_identity<Network<In, Layers...>>) {
      const auto result =
          bvae::testing::check_layers<In, Layers...>(Seed{4}, samples, 0.0, {.mode = Mode::kEvaluation});
      INFO(samples << " samples: input " << result.input.relative_error << ", parameters "
                   << result.parameters.relative_error);
      CHECK(result.relative_error() <= 1e-8);
    };
    check(std::type_identity<Network<Features<20>, SpectralNorm<Linear<33>>>>{});
    check(std::type_identity<Network<Image<3, 5, 4>, SpectralNorm<Conv2d<5, 3, 2, 1>>>>{});
    check(std::type_identity<Network<Image<18, 3, 2>, SpectralNorm<ConvTranspose2d<3, 4, 2, 1>>>>{});
  }
}

TEST_CASE("SpectralNorm: the same bits for any number of threads, instruction set and workspace", "[layers][threads]") {
  harness::check_bits<Network<Features<21>, SpectralNorm<Linear<65>>, ReLU, SpectralNorm<Linear<5>>>>();
  harness::check_bits<
      Network<Image<3, 5, 4>, SpectralNorm<Conv2d<18, 3, 2, 1>>, SpectralNorm<ConvTranspose2d<3, 3, 2, 1>>>>();
}

TEST_CASE("SpectralNorm: after some steps the weight that is used has the norm 1", "[layers]") {
  using Net = Network<Features<20>, SpectralNorm<Linear<33>>>;
  OneLayer<Net> layer(20);
  std::fill(layer.input.begin(), layer.input.end(), 0.0);
  for (std::size_t i = 0; i < 20; ++i) layer.input[21 * i] = 1;  // y = W / sigma + b
  for (int step = 0; step < 300; ++step) layer.forward(Mode::kTraining);
  const Arena<double> state = layer.state;
  const auto tensors = Net::parameter_tensors("n", 0);
  const Matrix<double> weight = bvae_test::matrix_of(layer.parameters, tensors[0]);
  const Matrix<double> bias = bvae_test::matrix_of(layer.parameters, tensors[1]);
  const Matrix<double> used = layer.forward(Mode::kEvaluation).colwise() - bias.col(0);
  CHECK(layer.state == state);
  CHECK(Eigen::JacobiSVD<Matrix<double>>(used).singularValues()[0] == Approx(1).epsilon(1e-10));
  const double sigma = Eigen::JacobiSVD<Matrix<double>>(weight).singularValues()[0];
  CHECK((used * sigma - weight).cwiseAbs().maxCoeff() < 1e-10);
}

TEST_CASE("SpectralNorm: a weight of 0 gives the bias, and learns", "[layers]") {
  const auto check = []<class Net>(std::type_identity<Net>) {
    for (const Index samples : {3, 20}) {
      OneLayer<Net> layer(samples);
      const auto tensors = Net::parameter_tensors("n", 0);
      const auto state = Net::state_tensors("n", 0);
      REQUIRE(bvae_test::matrix_of(layer.parameters, tensors[0]).isZero(0));  // the initializer's
      const Arena<double> before = layer.state;
      const double bias = 0.25;
      for (Index b = 0; b < tensors[1].info.size(); ++b)
        layer.parameters[static_cast<std::size_t>(tensors[1].offset + tensors[1].info.position(b))] = bias;
      CHECK((layer.forward(Mode::kEvaluation).array() == bias).all());
      CHECK((layer.forward(Mode::kTraining).array() == bias).all());
      CHECK(layer.state == before);
      std::vector<double> upstream(static_cast<std::size_t>(Net::Output::kSize * samples));
      RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<double>(upstream));
      std::copy(upstream.begin(), upstream.end(), layer.a.output_delta());
      Net::backward(Pass(Mode::kTraining, {}, samples), layer.parameters.data(), layer.a);
      CHECK(std::all_of(layer.input_delta.begin(), layer.input_delta.end(), [](double dx) { return dx == 0; }));
      for (const GradientTask& task : Net::gradient_tasks())
        Net::gradient(task, samples, layer.parameters.data(), layer.a, layer.gradient.data());
      CHECK(bvae_test::matrix_of(layer.gradient, tensors[0]).norm() > 0.1);
      for (std::size_t i = 0; i < layer.parameters.size(); ++i) layer.parameters[i] -= 0.01 * layer.gradient[i];
      CHECK(layer.forward(Mode::kEvaluation).allFinite());  // u has not been found yet
      CHECK(layer.forward(Mode::kTraining).allFinite());
      CHECK(bvae_test::matrix_of(layer.state, state[0]).norm() == Approx(1).epsilon(1e-12));
      CHECK(bvae_test::matrix_of(layer.state, state[1]).norm() == Approx(1).epsilon(1e-12));
      layer.forward(Mode::kTraining);
      const Arena<double> settled = layer.state;
      std::fill(layer.parameters.begin(), layer.parameters.end(), 0.0);
      CHECK(layer.forward(Mode::kTraining).isZero(0));
      CHECK(layer.state == settled);
    }
  };
  check(std::type_identity<Network<Features<20>, SpectralNorm<Linear<33, Zeros>>>>{});
  check(std::type_identity<Network<Image<3, 5, 4>, SpectralNorm<Conv2d<5, 3, 2, 1, Zeros>>>>{});
  check(std::type_identity<Network<Image<18, 3, 2>, SpectralNorm<ConvTranspose2d<3, 4, 2, 1, 0, Zeros>>>>{});
}

TEST_CASE("SpectralNorm: a weight of 0 gives the same bits for any number of threads", "[layers][threads]") {
  harness::check_bits<Network<Features<21>, SpectralNorm<Linear<65, Zeros>>, ReLU, SpectralNorm<Linear<5, Zeros>>>,
                      float>();
}

TEST_CASE("SpectralNorm: names are PyTorch's, u and v have length 1 and begin near the singular vectors", "[layers]") {
  using Net = Network<Features<20>, SpectralNorm<Linear<33>>>;
  OneLayer<Net> layer(2);
  const auto tensors = Net::parameter_tensors("n", 0);
  const auto state = Net::state_tensors("n", 0);
  REQUIRE(tensors.size() == 2);
  REQUIRE(state.size() == 2);
  CHECK(tensors[0].name == "n.0.parametrizations.weight.original");
  CHECK(tensors[1].name == "n.0.bias");
  CHECK(state[0].name == "n.0.parametrizations.weight.0._u");
  CHECK(state[1].name == "n.0.parametrizations.weight.0._v");
  const Matrix<double> weight = bvae_test::matrix_of(layer.parameters, tensors[0]);
  const Matrix<double> u = bvae_test::matrix_of(layer.state, state[0]);
  const Matrix<double> v = bvae_test::matrix_of(layer.state, state[1]);
  CHECK(u.norm() == Approx(1).epsilon(1e-12));
  CHECK(v.norm() == Approx(1).epsilon(1e-12));
  const double sigma = Eigen::JacobiSVD<Matrix<double>>(weight).singularValues()[0];
  CHECK((u.transpose() * weight * v)(0, 0) == Approx(sigma).epsilon(0.02));
}
