#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/core/message.hpp"
#include "models/training_steps.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

namespace {

using bvae::Index;
using oracle::Golden;

template <class Scalar>
using Grey = bvae::Vae<bvae::Image<1, 6, 5>, bvae::Encoder<bvae::Flatten, bvae::Linear<16>, bvae::ReLU>,
                       bvae::Latent<3>, bvae::Decoder<bvae::Linear<16>, bvae::ReLU, bvae::Linear<30>>, Scalar>;
// Channels and a height other than the width: PyTorch's order is not ours.
template <class Scalar>
using Color = bvae::Vae<bvae::Image<3, 4, 5>, bvae::Encoder<bvae::Flatten, bvae::Linear<16>, bvae::SiLU>,
                        bvae::Latent<4>, bvae::Decoder<bvae::Linear<16>, bvae::SiLU, bvae::Linear<60>>, Scalar>;
template <class Scalar>
using MnistSized = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>,
                             bvae::Latent<20>, bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784>>, Scalar>;

// As in vae.py.
constexpr double kBeta = 4;
constexpr Index kSamples = 10;
constexpr Index kMaxBatch = 5;
constexpr std::uint32_t kStreamX = 20;
constexpr std::uint32_t kStreamNoise = 21;
constexpr std::uint32_t kStreamStepNoise = 22;
constexpr std::uint32_t kStreamWeights = 30;

template <class Model>
bvae::Matrix<typename Model::Scalar> data() {
  using Scalar = typename Model::Scalar;
  bvae::Matrix<Scalar> x = oracle::formula_matrix<Scalar>(kStreamX, Model::kFeatures, kSamples);
  x.array() = (x.array() + Scalar(1)) / Scalar(2);
  return oracle::channels_last(x, Model::Input::kChannels, Model::Input::kHeight, Model::Input::kWidth);
}

template <class Model>
bvae::Matrix<typename Model::Scalar> noise() {
  return oracle::formula_matrix<typename Model::Scalar>(kStreamNoise, Model::kLatents, kSamples, 2);
}

// What a test allows; relative to the largest value of each tensor.
struct Bars {
  double forward;
  double gradient;
  double training;
};

// The largest error of any tensor, in our order.
template <class Model>
double tensors_error(std::span<const typename Model::Scalar> actual, const Model& expected) {
  using Scalar = typename Model::Scalar;
  double error = 0;
  for (const bvae::NamedTensor& tensor : Model::parameter_tensors()) {
    error =
        std::max(error, oracle::relative_error<Scalar, Scalar>(bvae_test::values_of(actual, tensor),
                                                               bvae_test::values_of(expected.parameters(), tensor)));
  }
  return error;
}

// Steps with the noise and the minibatches of vae.py; the largest error of any step's losses.
template <class Model, class L, class O>
double train(Model& model, const L& likelihood, const bvae::Kl& kl, const O& optimizer,
             const std::vector<double>& trace) {
  using Scalar = typename Model::Scalar;
  const auto steps = static_cast<Index>(trace.size() / 4);
  return bvae_test::training_error(
      model, likelihood, kl, kBeta, optimizer, trace, data<Model>(),
      oracle::formula_matrix<Scalar>(kStreamStepNoise, Model::kLatents, kMaxBatch * steps, 2), kMaxBatch,
      [](Index t) { return 3 * t; }, [](Index t) { return 3 + t % 3; });
}

template <class Model>
class Comparison {
  using Scalar = typename Model::Scalar;

 public:
  Comparison(const std::string& name, const Bars& bars)
      : golden_(bvae::message("vae_", name, ".safetensors")),
        state_(bvae::message(BVAE_GOLDEN, "/vae_", name, "_state.safetensors")),
        name_(name + (sizeof(Scalar) == 4 ? ", float" : ", double")),
        bars_(bars) {}

  void check_forward() {
    Model model;
    bvae::load(model, state_);
    const bvae::Posterior<Scalar> q = model.encode(data<Model>());
    const bvae::Matrix<Scalar> decoded = oracle::channels_last(
        golden_.matrix<Scalar>("decoded"), Model::Input::kChannels, Model::Input::kHeight, Model::Input::kWidth);
    report("mu", oracle::relative_error(q.mu, golden_["mu"]), bars_.forward);
    report("log_variance", oracle::relative_error(q.log_variance, golden_["log_variance"]), bars_.forward);
    const std::vector<double> expected(decoded.data(), decoded.data() + decoded.size());
    report("decoder", oracle::relative_error(model.reconstruct(data<Model>()), expected), bars_.forward);
  }

  template <class L>
  void check_gradient(const std::string& which, const L& likelihood, const bvae::Kl& kl) {
    Model model;
    bvae::load(model, state_);
    bvae::Objective<Model, L, bvae::Kl> objective(kSamples + 3, likelihood, kl);
    const bvae::Losses losses = objective.compute(model, data<Model>(), noise<Model>(), kBeta);
    report(which + " losses", bvae_test::losses_error(losses, golden_[which + ".losses"].data()), bars_.forward);
    Model expected;
    golden_.load(expected, which + ".gradient");
    report(which + " gradient", tensors_error<Model>(objective.gradient(), expected), bars_.gradient);
    const double norm = std::sqrt(bvae::sum_of_squares(expected.parameters().data(), Model::kParameters));
    CHECK(std::abs(objective.gradient_norm() / norm - 1) <= bars_.gradient);
  }

  template <class L, class O>
  void check_training(const std::string& which, const L& likelihood, const bvae::Kl& kl, const O& optimizer) {
    Model model;
    bvae::load(model, state_);
    const double error = train(model, likelihood, kl, optimizer, golden_["trace." + which]);
    report(which + " losses of each step", error, bars_.training);
    Model expected;
    golden_.load(expected, which);
    report(which + " parameters", tensors_error<Model>(model.parameters(), expected), bars_.training);
  }

 private:
  void report(const std::string& what, double error, double bar) {
    INFO(name_ << ": " << what << ": relative error " << error << ", allowed " << bar);
    CHECK(error <= bar);
  }

  Golden golden_;
  std::filesystem::path state_;
  std::string name_;
  Bars bars_;
};

const bvae::Kl kPlain{};
const bvae::Kl kFreeBits{.free_bits = 0.2};

template <class Scalar>
void compare_grey(const Bars& bars) {
  Comparison<Grey<Scalar>> grey("grey", bars);
  grey.check_forward();
  grey.check_gradient("bernoulli", bvae::Bernoulli{}, kPlain);
  grey.check_gradient("bernoulli_free_bits", bvae::Bernoulli{}, kFreeBits);
  grey.check_gradient("gaussian", bvae::Gaussian{}, kPlain);
  grey.check_gradient("gaussian_free_bits", bvae::Gaussian{.sigma = 0.5}, kFreeBits);
  const bvae::Adam adam{.learning_rate = 0.01};
  grey.check_training("bernoulli.adam", bvae::Bernoulli{}, kPlain, adam);
  grey.check_training("bernoulli_free_bits.adam", bvae::Bernoulli{}, kFreeBits, adam);
  grey.check_training("gaussian.adam", bvae::Gaussian{}, kPlain, adam);
  grey.check_training("gaussian_free_bits.adam", bvae::Gaussian{.sigma = 0.5}, kFreeBits, adam);
  grey.check_training("bernoulli_free_bits.adam_w", bvae::Bernoulli{}, kFreeBits,
                      bvae::AdamW{.learning_rate = 0.01, .weight_decay = 0.1});
  grey.check_training("bernoulli_free_bits.sgd", bvae::Bernoulli{}, kFreeBits,
                      bvae::Sgd{.learning_rate = 0.002, .momentum = 0.9});
}

template <class Scalar>
void compare_color(const Bars& bars) {
  Comparison<Color<Scalar>> color("color", bars);
  color.check_forward();
  color.check_gradient("bernoulli", bvae::Bernoulli{}, kPlain);
  color.check_gradient("bernoulli_free_bits", bvae::Bernoulli{}, kFreeBits);
  color.check_gradient("gaussian", bvae::Gaussian{}, kPlain);
  color.check_gradient("gaussian_free_bits", bvae::Gaussian{.sigma = 0.5}, kFreeBits);
  const bvae::Adam adam{.learning_rate = 0.01};
  color.check_training("bernoulli.adam", bvae::Bernoulli{}, kPlain, adam);
  color.check_training("gaussian_free_bits.adam", bvae::Gaussian{.sigma = 0.5}, kFreeBits, adam);
  color.check_training("gaussian.sgd", bvae::Gaussian{}, kPlain, bvae::Sgd{.learning_rate = 0.002, .momentum = 0.9});
}

// Weights by formula: the file would be 4 MB.
template <class Scalar>
MnistSized<Scalar> mnist_sized() {
  constexpr std::array<double, 8> kScales{0x1p-4, 0x1p-4, 0x1p-4, 0x1p-4, 0x1p-2, 0x1p-4, 0x1p-4, 0x1p-4};
  MnistSized<Scalar> model;
  const std::vector<bvae::NamedTensor> tensors = MnistSized<Scalar>::parameter_tensors();
  REQUIRE(tensors.size() == kScales.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const Index rows = tensors[t].info.extents[0];
    const Index columns = tensors[t].info.size() / rows;
    for (Index i = 0; i < rows * columns; ++i)
      bvae_test::at(model.parameters(), tensors[t], i / columns, i % columns) =
          static_cast<Scalar>(kScales[t] * oracle::formula(kStreamWeights + static_cast<std::uint32_t>(t), i));
  }
  return model;
}

// The golden has every n-th value of each tensor, about 400; one channel, so the orders are equal.
template <class Scalar>
double thinned_error(std::span<const Scalar> arena, const Golden& golden, const std::string& prefix) {
  double error = 0;
  for (const bvae::NamedTensor& tensor : MnistSized<Scalar>::parameter_tensors()) {
    const std::vector<Scalar> all = bvae_test::values_of(arena, tensor);
    std::vector<Scalar> values;
    for (std::size_t i = 0; i < all.size(); i += 1 + all.size() / 400) values.push_back(all[i]);
    error = std::max(error, oracle::relative_error<Scalar, double>(values, golden[prefix + tensor.name]));
  }
  return error;
}

template <class Scalar>
void compare_mnist_sized(const Bars& bars) {
  using Model = MnistSized<Scalar>;
  const Golden golden("vae_mnist_sized.safetensors");
  Model model = mnist_sized<Scalar>();
  const bvae::Posterior<Scalar> q = model.encode(data<Model>());
  const auto report = [](const std::string& what, double error, double bar) {
    INFO("784-400-20" << (sizeof(Scalar) == 4 ? ", float: " : ", double: ") << what << ": relative error " << error
                      << ", allowed " << bar);
    CHECK(error <= bar);
  };
  report("mu", oracle::relative_error(q.mu, golden["mu"]), bars.forward);
  report("log_variance", oracle::relative_error(q.log_variance, golden["log_variance"]), bars.forward);
  bvae::Objective<Model, bvae::Bernoulli, bvae::Kl> objective(kSamples, {}, {});
  const bvae::Losses losses = objective.compute(model, data<Model>(), noise<Model>(), kBeta);
  report("losses", bvae_test::losses_error(losses, golden["losses"].data()), bars.forward);
  report("gradient", thinned_error<Scalar>(objective.gradient(), golden, "gradient."), bars.gradient);
  const double error = train(model, bvae::Bernoulli{}, kPlain, bvae::Adam{}, golden["adam.trace"]);
  report("losses of each step", error, bars.training);
  report("parameters", thinned_error<Scalar>(model.parameters(), golden, "adam."), bars.training);
}

}  // namespace

TEST_CASE("Vae: one channel: forward, gradients and training are PyTorch's", "[models][pytorch]") {
  compare_grey<double>({5e-15, 5e-15, 2e-13});
  compare_grey<float>({1e-6, 2e-6, 1e-5});
}

TEST_CASE("Vae: three channels, not square: forward, gradients and training are PyTorch's", "[models][pytorch]") {
  compare_color<double>({5e-15, 5e-15, 2e-13});
  compare_color<float>({1e-6, 2e-6, 1e-5});
}

TEST_CASE("Vae: 784-400-20: forward, gradients and training are PyTorch's", "[models][pytorch]") {
  compare_mnist_sized<double>({5e-15, 5e-15, 2e-13});
  compare_mnist_sized<float>({1e-6, 2e-6, 1e-5});
}
