#include "bvae/models/perceptual.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;

namespace {

using Small = Network<Image<1, 6, 5>, Conv2d<4, 3, 1, 1>, Tanh, Conv2d<9, 3, 2, 1>, ReLU>;
using Normalized = Network<Image<1, 6, 5>, Conv2d<4, 3, 1, 1>, BatchNorm, Tanh, Conv2d<9, 3, 2, 1>, BatchNorm>;
using Smooth = Network<Image<1, 3, 4>, Conv2d<4, 3, 1, 1>, Tanh, Flatten, Linear<5>, Sigmoid>;

template <class Net, class Scalar>
TrainedNetwork<Net, Scalar> filled() {
  TrainedNetwork<Net, Scalar> network;
  std::uint32_t stream = 1;
  for (const NamedTensor& tensor : network.parameter_tensors()) {
    detail::for_each_value(tensor.info, [&](Index file, Index memory) {
      network.parameters()[static_cast<std::size_t>(tensor.offset + memory)] =
          static_cast<Scalar>(oracle::formula(stream, file));
    });
    ++stream;
  }
  return network;
}

/// With BatchNorm's statistics, which are not those of any batch.
template <class Scalar>
TrainedNetwork<Normalized, Scalar> normalized() {
  auto network = filled<Normalized, Scalar>();
  std::uint32_t stream = 30;
  for (const NamedTensor& tensor : network.state_tensors()) {
    if (tensor.info.rank == 0) continue;  // num_batches_tracked
    const bool variance = tensor.name.ends_with("running_var");
    detail::for_each_value(tensor.info, [&](Index file, Index memory) {
      network.state()[static_cast<std::size_t>(tensor.offset + memory)] =
          static_cast<Scalar>((variance ? 1.5 : 0) + oracle::formula(stream, file));
    });
    ++stream;
  }
  return network;
}

/// Values and gradient of a term.
template <class Scalar>
struct Computed {
  template <class Term>
  Computed(const Term& term, const Matrix<Scalar>& target, const Matrix<Scalar>& output)
      : values(static_cast<std::size_t>(target.cols())), gradient(target.rows(), target.cols()) {
    term(ConstView<Scalar>(target.data(), target.rows(), target.cols()),
         ConstView<Scalar>(output.data(), output.rows(), output.cols()), Scalar(1), std::span<double>(values),
         View<Scalar>(gradient.data(), gradient.rows(), gradient.cols()));
  }
  std::vector<double> values;
  Matrix<Scalar> gradient;
};

template <class Pixel, class Scalar>
void compare(const oracle::Golden& golden, double bar) {
  Perceptual<Pixel, TrainedNetwork<Small, Scalar>, 1, 3> term(filled<Small, Scalar>(), Pixel{}, 0.5);
  term.weights = {1.5, 0.25};
  term.validate();
  Matrix<Scalar> target = oracle::formula_matrix<Scalar>(10, 30, 3);
  for (Index i = 0; i < target.size(); ++i) target.data()[i] = (target.data()[i] + 1) / 2;
  const Matrix<Scalar> output = oracle::formula_matrix<Scalar>(11, 30, 3, 2);
  Matrix<Scalar> gradient(30, 3);
  std::vector<double> values(3);
  term(ConstView<Scalar>(target.data(), 30, 3), ConstView<Scalar>(output.data(), 30, 3), Scalar(1),
       std::span<double>(values), View<Scalar>(gradient.data(), 30, 3));
  const std::string name = Pixel::kName == "bernoulli" ? "Bernoulli" : "Gaussian";
  INFO(name << (sizeof(Scalar) == 4 ? " float" : " double"));
  CHECK(oracle::relative_error(std::span<const double>(values), std::span<const double>(golden[name + ".values"])) <=
        bar);
  CHECK(oracle::relative_error(gradient, golden[name + ".gradient"]) <= bar);
}

using Tiny =
    Vae<Image<1, 3, 4>, Encoder<Flatten, Linear<5>, Tanh>, Latent<2>, Decoder<Linear<6>, Tanh, Linear<12>>, double>;
using TinyFloat =
    Vae<Image<1, 3, 4>, Encoder<Flatten, Linear<5>, Tanh>, Latent<2>, Decoder<Linear<6>, Tanh, Linear<12>>>;

}  // namespace

TEST_CASE("Perceptual: values and gradients are PyTorch's", "[models][pytorch]") {
  const oracle::Golden golden("perceptual.safetensors");
  compare<Bernoulli, double>(golden, 1e-14);
  compare<Bernoulli, float>(golden, 1e-6);
  compare<Gaussian, double>(golden, 1e-14);
  compare<Gaussian, float>(golden, 1e-6);
}

TEST_CASE("Perceptual: with BatchNorm values and gradients are those of PyTorch's network in eval()",
          "[models][pytorch]") {
  const oracle::Golden golden("perceptual.safetensors");
  const auto check = [&]<class Scalar>(Scalar, double bar) {
    const Perceptual<Gaussian, TrainedNetwork<Normalized, Scalar>, 1, 4> term(normalized<Scalar>(), Gaussian{}, 0.0);
    const Computed<Scalar> computed(term, oracle::formula_matrix<Scalar>(10, 30, 3),
                                    oracle::formula_matrix<Scalar>(11, 30, 3));
    CHECK(oracle::relative_error(std::span<const double>(computed.values),
                                 std::span<const double>(golden["normalized.values"])) <= bar);
    CHECK(oracle::relative_error(computed.gradient, golden["normalized.gradient"]) <= bar);
  };
  check(double{}, 1e-14);
  check(float{}, 1e-6);
}

TEST_CASE("Perceptual: with BatchNorm the gradient is right to 1e-8, and no sample knows the others",
          "[models][gradient]") {
  const auto check = [](const auto& term) {
    for (const Index samples : {3, 8, 15}) {
      const Matrix<double> target = oracle::formula_matrix<double>(1, 30, samples);
      Matrix<double> output = oracle::formula_matrix<double>(2, 30, samples);
      const Computed<double> batch(term, target, output);
      const auto result = testing::check_gradient<double>(
          std::span<double>(output.data(), static_cast<std::size_t>(output.size())),
          std::span<const double>(batch.gradient.data(), static_cast<std::size_t>(output.size())), [&] {
            double sum = 0;
            for (const double value : Computed<double>(term, target, output).values) sum += value;
            return sum;
          });
      INFO(samples << " samples: " << result.relative_error);
      CHECK(result.relative_error <= 1e-8);
      for (Index s = 0; s < samples; ++s) {
        const Computed<double> alone(term, target.col(s), output.col(s));
        CHECK(alone.values[0] == batch.values[static_cast<std::size_t>(s)]);
        CHECK(alone.gradient == batch.gradient.col(s));
      }
    }
  };
  // Statistics that are not those of these batches.
  const auto trained = []<class Net>(std::type_identity<Net>) {
    TrainedNetwork<Net, double> network{Seed{9}};
    for (std::size_t i = 0; i < network.state().size(); ++i) network.state()[i] = 1.2 + oracle::formula(7, Index(i));
    return network;
  };
  using Alone = Network<Image<1, 6, 5>, BatchNorm>;
  using Inside = Network<Image<1, 6, 5>, Flatten, Linear<7>, Tanh, Residual<Linear<7>, BatchNorm, Tanh>>;
  check(Perceptual<Gaussian, TrainedNetwork<Alone, double>, 0>(trained(std::type_identity<Alone>{}), Gaussian{}, 0.5));
  check(Perceptual<Gaussian, TrainedNetwork<Inside, double>, 3>(trained(std::type_identity<Inside>{}), Gaussian{}, 0));
  check(Perceptual<Bernoulli, TrainedNetwork<Normalized, double>, 1, 4>(normalized<double>(), Bernoulli{}, 0.5));
}

TEST_CASE("Perceptual: the gradient beside Laplace pixels is right to 1e-8", "[models][gradient]") {
  const Perceptual<Laplace, TrainedNetwork<Smooth, double>, 1, 4> term(TrainedNetwork<Smooth, double>{Seed{9}},
                                                                       Laplace{.scale = 0.7}, 0.3);
  const Matrix<double> target = oracle::formula_matrix<double>(1, 12, 3);
  Matrix<double> output = oracle::formula_matrix<double>(2, 12, 3);
  for (Index i = 0; i < output.size(); ++i)  // away from the kink
    output.data()[i] += output.data()[i] < target.data()[i] ? -0.1 : 0.1;
  const Computed<double> computed(term, target, output);
  const auto result = testing::check_gradient<double>(
      std::span<double>(output.data(), 36), std::span<const double>(computed.gradient.data(), 36), [&] {
        double sum = 0;
        for (const double value : Computed<double>(term, target, output).values) sum += value;
        return sum;
      });
  INFO(result.relative_error);
  CHECK(result.relative_error <= 1e-8);
}

TEST_CASE("softmax_cross_entropy: values and gradients are PyTorch's", "[models][pytorch]") {
  const oracle::Golden golden("perceptual.safetensors");
  const Matrix<double> logits = oracle::formula_matrix<double>(20, 6, 4, 20);
  const std::vector<std::uint8_t> labels{0, 5, 2, 2};
  Matrix<double> gradient(6, 4);
  std::vector<double> values(4);
  softmax_cross_entropy<double>({logits.data(), 6, 4}, labels, 1.0, values, {gradient.data(), 6, 4});
  CHECK(oracle::relative_error(std::span<const double>(values), std::span<const double>(golden["softmax.values"])) <=
        1e-14);
  CHECK(oracle::relative_error(gradient, golden["softmax.gradient"]) <= 1e-14);
}

TEST_CASE("Perceptual: the gradient of the whole objective is right to 1e-8", "[models][gradient]") {
  const TrainedNetwork<Smooth, double> features{Seed{9}};
  const auto check = [](const auto& term) {
    constexpr Index kSamples = 11;
    Tiny model{Seed{3}};
    Matrix<double> x = oracle::formula_matrix<double>(5, 12, kSamples, 0.5);
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
  check(Perceptual<Bernoulli, TrainedNetwork<Smooth, double>, 1, 4>(features, Bernoulli{}, 0.3));
  check(Perceptual<Gaussian, TrainedNetwork<Smooth, double>, 3>(features, Gaussian{}, 0.0));
}

TEST_CASE("Perceptual: one tap for each weight, a weight of 0 switches it off", "[models]") {
  const auto network = std::make_shared<const TrainedNetwork<Small>>(filled<Small, float>());
  Perceptual<Gaussian, TrainedNetwork<Small>, 1, 3> both(network, Gaussian{}, 0.0);
  Perceptual<Gaussian, TrainedNetwork<Small>, 3> last(network, Gaussian{}, 0.0);
  both.weights = {0.0, 1.0};
  const Matrix<float> target = oracle::formula_matrix<float>(1, 30, 9);
  const Matrix<float> output = oracle::formula_matrix<float>(2, 30, 9);
  const auto run = [&](const auto& term) {
    Matrix<float> gradient(30, 9);
    std::vector<double> values(9);
    term(ConstView<float>(target.data(), 30, 9), ConstView<float>(output.data(), 30, 9), 1.0f,
         std::span<double>(values), View<float>(gradient.data(), 30, 9));
    return std::pair(values, gradient);
  };
  const auto [values, gradient] = run(both);
  const auto [expected_values, expected_gradient] = run(last);
  CHECK(values == expected_values);
  CHECK(gradient == expected_gradient);
  CHECK(gradient.norm() > 0);
  both.weights = {0.0, 0.0};
  CHECK(run(both).first == std::vector<double>(9, 0.0));
  CHECK(&both.features() == network.get());
}

TEST_CASE("Perceptual: training leaves the features alone, and threads change no bit", "[models][threads]") {
  const TrainedNetwork<Smooth> features{Seed{9}};
  const Dataset data = [] {
    std::vector<float> values(12 * 70);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7 % 11) / 10;
    return Dataset::from_values(std::move(values), {1, 3, 4});
  }();
  const auto train = [&](int threads) {
    TinyFloat model{Seed{3}};
    const Perceptual<Bernoulli, TrainedNetwork<Smooth>, 1, 4> term(features);
    const Arena<float> before = term.features().parameters();
    Trainer trainer{model, term, Kl{}, Constant{2.0}, Adam{}};
    trainer.fit(data, {.epochs = 2, .batch_size = 33, .threads = threads});
    CHECK(bvae_test::same_bits(before, term.features().parameters()));
    return model.parameters();
  };
  const Arena<float> one = train(1);
  for (const int threads : {2, 3, 4}) CHECK(bvae_test::same_bits(one, train(threads)));
}

TEST_CASE("Perceptual: refuses weights that make no sense", "[models]") {
  const TrainedNetwork<Smooth> features{Seed{9}};
  using Term = Perceptual<Bernoulli, TrainedNetwork<Smooth>, 1, 4>;
  CHECK_THROWS_AS(Term(features, Bernoulli{}, -1.0).validate(), std::invalid_argument);
  CHECK_THROWS_AS(Term(std::shared_ptr<const TrainedNetwork<Smooth>>()).validate(), std::invalid_argument);
  Term term(features);
  term.validate();
  term.weights[1] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(term.validate(), std::invalid_argument);
}
