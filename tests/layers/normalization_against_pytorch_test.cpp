#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/io/load.hpp"
#include "bvae/io/tensor_order.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bvae;
using oracle::Golden;

namespace {

constexpr int kSteps = 4;
constexpr double kLearningRate = 0.05;

template <class S, class Scalar>
Matrix<Scalar> from_pytorch(const Matrix<Scalar>& values) {
  if constexpr (kIsImage<S>) {
    return oracle::channels_last(values, S::kChannels, S::kHeight, S::kWidth);
  } else {
    return values;
  }
}

// The tensor's values in the file's order.
template <class Scalar>
std::vector<double> in_file_order(const NamedTensor& tensor, const Arena<Scalar>& arena) {
  std::vector<double> values(static_cast<std::size_t>(tensor.info.size()));
  bvae::detail::for_each_value(tensor.info, [&](Index file, Index memory) {
    values[static_cast<std::size_t>(file)] =
        static_cast<double>(arena[static_cast<std::size_t>(tensor.offset + memory)]);
  });
  return values;
}

// Steps of gradient descent beside PyTorch's, with its starting values.
template <class Net, class Scalar>
class Descent {
 public:
  Descent(const Golden& golden, std::string name, Index samples, double value_bar, double gradient_bar)
      : golden_(golden),
        name_(std::move(name)),
        samples_(samples),
        input_(static_cast<std::size_t>(Net::Input::kSize * samples)),
        input_delta_(input_.size()),
        parameters_(static_cast<std::size_t>(Net::kParameters)),
        gradient_(parameters_.size()),
        state_(static_cast<std::size_t>(Net::kState)),
        a_(samples, input_.data(), input_delta_.data()) {
    INFO(name_ << (sizeof(Scalar) == 4 ? " float" : " double"));
    set(Net::parameter_tensors("", 0), parameters_);
    set(Net::state_tensors("", 0), state_);
    Team team(2);
    for (int step = 0; step < kSteps; ++step) {
      const Matrix<Scalar> x = from_pytorch<typename Net::Input>(
          oracle::formula_matrix<Scalar>(static_cast<std::uint32_t>(10 + step), Net::Input::kSize, samples, 2));
      for (std::size_t i = 0; i < input_.size(); ++i)
        input_[i] = x.data()[i] + static_cast<Scalar>(0.5) + static_cast<Scalar>(step);
      const Matrix<Scalar> dy = from_pytorch<typename Net::Output>(
          oracle::formula_matrix<Scalar>(static_cast<std::uint32_t>(20 + step), Net::Output::kSize, samples));
      team.run([&](const Member& member) {
        const Pass pass(Mode::kTraining, member, samples);
        Net::forward(pass, parameters_.data(), state_.data(), a_);
        member.barrier();
        if (member.rank() == 0) std::copy_n(dy.data(), dy.size(), a_.output_delta());
        member.barrier();
        Net::backward(pass, parameters_.data(), a_);
      });
      for (const GradientTask& task : Net::gradient_tasks())
        Net::gradient(task, samples, parameters_.data(), a_, gradient_.data());
      for (std::size_t i = 0; i < parameters_.size(); ++i)
        parameters_[i] -= static_cast<Scalar>(kLearningRate) * gradient_[i];
    }
    compare("y", a_.output(), value_bar, typename Net::Output{});
    compare("dx", input_delta_.data(), gradient_bar, typename Net::Input{});
    compare("gradient", Net::parameter_tensors("", 0), gradient_, gradient_bar);
    compare("after", Net::parameter_tensors("", 0), parameters_, value_bar);
    compare("after", Net::state_tensors("", 0), state_, value_bar);
    const Arena<Scalar> before = state_;
    team.run([&](const Member& member) {
      Net::forward(Pass(Mode::kEvaluation, member, samples), parameters_.data(), state_.data(), a_);
    });
    compare("evaluated", a_.output(), value_bar, typename Net::Output{});
    CHECK(state_ == before);
  }

 private:
  void set(const std::vector<NamedTensor>& tensors, Arena<Scalar>& arena) const {
    for (const NamedTensor& tensor : tensors) {
      const std::vector<double> values = golden_[name_ + ".before" + tensor.name];
      REQUIRE(static_cast<Index>(values.size()) == tensor.info.size());
      bvae::detail::for_each_value(tensor.info, [&](Index file, Index memory) {
        arena[static_cast<std::size_t>(tensor.offset + memory)] =
            static_cast<Scalar>(values[static_cast<std::size_t>(file)]);
      });
    }
  }
  template <class S>
  void compare(const std::string& what, const Scalar* values, double bar, S) const {
    const Matrix<Scalar> expected = from_pytorch<S>(golden_.matrix<Scalar>(name_ + "." + what));
    const auto n = static_cast<std::size_t>(expected.size());
    const double error = oracle::relative_error<Scalar, Scalar>({values, n}, {expected.data(), n});
    report(what, error, bar);
  }
  void compare(const std::string& what, const std::vector<NamedTensor>& tensors, const Arena<Scalar>& arena,
               double bar) const {
    for (const NamedTensor& tensor : tensors) {
      const std::vector<double> expected = golden_[name_ + "." + what + tensor.name];
      // What is 0 but for rounding (a bias before BatchNorm) is compared with the values around it.
      double largest = 0;
      for (const double v : expected) largest = std::max(largest, std::abs(v));
      double error = oracle::relative_error<double, double>(in_file_order(tensor, arena), expected);
      if (largest < 1e-3) error *= largest;
      report(what + tensor.name, error, bar);
    }
  }
  void report(const std::string& what, double error, double bar) const {
    INFO(name_ << (sizeof(Scalar) == 4 ? ", float, " : ", double, ") << what << ": " << error);
    if (std::getenv("BVAE_SHOW_ERRORS") != nullptr)
      std::printf("%s %s %s %.2g\n", name_.c_str(), sizeof(Scalar) == 4 ? "float" : "double", what.c_str(), error);
    CHECK(error <= bar);
  }

  const Golden& golden_;
  std::string name_;
  Index samples_;
  Arena<Scalar> input_, input_delta_, parameters_, gradient_, state_;
  typename Net::template Activations<Scalar> a_;
};

template <class In, class... Layers>
void check(const Golden& golden, const std::string& name, Index samples) {
  using Net = Network<In, Layers...>;
  Descent<Net, double>(golden, name, samples, 1e-12, 1e-12);
  Descent<Net, float>(golden, name, samples, 1e-5, 1e-4);
}

using Everything =
    Vae<Image<3, 2, 4>,
        Encoder<BatchNorm, LayerNorm, GroupNorm<3>, Flatten, LayerNorm, SpectralNorm<Linear<24>>, BatchNorm, ReLU>,
        Latent<2>, Decoder<Linear<24>, BatchNorm, ReLU, SpectralNorm<Linear<24>>, BatchNorm>, double>;

}  // namespace

TEST_CASE("BatchNorm: outputs, gradients and state over several steps are PyTorch's", "[layers][pytorch]") {
  const Golden golden("norms.safetensors");
  check<Features<5>, BatchNorm>(golden, "batch_features", 11);
  check<Features<37>, BatchNorm>(golden, "batch_wide", 35);
  check<Image<3, 4, 5>, BatchNorm>(golden, "batch_image", 11);
  check<Image<18, 2, 1>, BatchNorm>(golden, "batch_channels", 21);
}

TEST_CASE("LayerNorm: outputs and gradients over several steps are PyTorch's", "[layers][pytorch]") {
  const Golden golden("norms.safetensors");
  check<Features<7>, LayerNorm>(golden, "layer_features", 11);
  check<Features<35>, LayerNorm>(golden, "layer_wide", 21);
  check<Image<3, 4, 5>, LayerNorm>(golden, "layer_image", 21);
}

TEST_CASE("GroupNorm: outputs and gradients over several steps are PyTorch's", "[layers][pytorch]") {
  const Golden golden("norms.safetensors");
  check<Features<6>, GroupNorm<2>>(golden, "group_features", 21);
  check<Image<4, 3, 5>, GroupNorm<2>>(golden, "group_image", 21);
  check<Image<18, 2, 1>, GroupNorm<3>>(golden, "group_channels", 11);
}

TEST_CASE("SpectralNorm: outputs, gradients and state over several steps are PyTorch's", "[layers][pytorch]") {
  const Golden golden("norms.safetensors");
  check<Features<7>, SpectralNorm<Linear<5>>>(golden, "spectral_small", 11);
  check<Features<20>, SpectralNorm<Linear<33>>>(golden, "spectral_wide", 21);
  check<Image<3, 7, 6>, SpectralNorm<Conv2d<5, 3, 2, 1>>>(golden, "spectral_conv", 9);
  check<Image<2, 4, 3>, SpectralNorm<Conv2d<18, 2>>>(golden, "spectral_wide_conv", 9);
  check<Image<5, 3, 4>, SpectralNorm<ConvTranspose2d<3, 4, 2, 1>>>(golden, "spectral_transposed", 9);
  check<Image<18, 2, 3>, SpectralNorm<ConvTranspose2d<2, 2>>>(golden, "spectral_wide_transposed", 9);
}

TEST_CASE("Normalisations in a chain descend as PyTorch's do", "[layers][pytorch]") {
  const Golden golden("norms.safetensors");
  check<Image<2, 3, 4>, BatchNorm, GroupNorm<1>, Flatten, SpectralNorm<Linear<10>>, LayerNorm, Tanh, Linear<19>,
        BatchNorm, Tanh, Linear<4>>(golden, "chain", 21);
}

TEST_CASE("load, save: a state dictionary of PyTorch with all normalisations goes in and comes out the same",
          "[layers][pytorch][io]") {
  const Golden golden("norms.safetensors");
  const std::string path = message(BVAE_GOLDEN, "/norms_state.safetensors");
  Everything model;
  bvae::load(model, path);
  const Matrix<double> x = oracle::channels_last(oracle::formula_matrix<double>(30, 24, 6), 3, 2, 4);
  CHECK(oracle::relative_error(model.encode(x).mu, golden["vae.mu"]) < 1e-12);
  const Matrix<double> decoded = model.decode(oracle::formula_matrix<double>(31, 2, 6));
  const Matrix<double> expected = oracle::channels_last(golden.matrix<double>("vae.decoded"), 3, 2, 4);
  CHECK((decoded - expected).cwiseAbs().maxCoeff() < 1e-12);

  const TemporaryFolder folder;
  bvae::save(model, folder / "again.safetensors");
  const SafetensorsReader theirs(path), ours(folder / "again.safetensors");
  REQUIRE(ours.tensors().size() == theirs.tensors().size());
  for (const TensorView& view : theirs.tensors()) {
    INFO(view.name);
    const TensorView* const own = ours.find(view.name);
    REQUIRE(own != nullptr);
    CHECK(own->type == view.type);
    CHECK(own->shape == view.shape);
    CHECK(std::equal(own->bytes.begin(), own->bytes.end(), view.bytes.begin(), view.bytes.end()));
  }
  CHECK(ours.find("encoder.0.num_batches_tracked")->type == TensorType::i64);
}
