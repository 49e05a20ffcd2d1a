#include "bvae/models/vgg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/io/tensor_order.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"

using namespace bvae;

namespace {

/// The made-up weights of tests/oracle/vgg.py.
template <class Model>
Model made_up() {
  Model vgg;
  for (const NamedTensor& tensor : Model::parameter_tensors()) {
    const int number = std::stoi(tensor.name.substr(tensor.name.find('.') + 1));
    const bool is_bias = tensor.info.rank == 1;
    const double scale = is_bias ? 0.125 : std::sqrt(6.0 / static_cast<double>(9 * tensor.info.extents[1]));
    detail::for_each_value(tensor.info, [&](Index file, Index memory) {
      vgg.parameters()[static_cast<std::size_t>(tensor.offset + memory)] = static_cast<float>(
          scale * oracle::formula(static_cast<std::uint32_t>(10 * number + (is_bias ? 5 : 0)), file));
    });
  }
  return vgg;
}

/// Compares every tap, and the gradient of the sum over the taps of the mean square of their values.
template <class Model, int... Taps>
void compare(const std::string& name) {
  using Net = typename Model::Network;
  constexpr Index kSamples = 2;
  constexpr Index kKept = 97;
  const oracle::Golden golden("vgg.safetensors");
  const Model vgg = made_up<Model>();
  Matrix<float> image = oracle::formula_matrix<float>(999, 1024, kSamples);
  for (Index i = 0; i < image.size(); ++i) image.data()[i] = (image.data()[i] + 1) / 2;

  const typename Net::template Activations<float> a(kSamples, image.data(), nullptr, false);
  Net::forward(Pass(Mode::kEvaluation, Member{}, kSamples), vgg.parameters().data(), static_cast<float*>(nullptr), a);
  const auto compare_tap = [&]<int Tap>() {
    using Out = typename Net::template Bound<Tap + Model::kFirstLayer>::Output;
    const std::string tap = message(name, '.', Tap);
    const Matrix<double> kept = golden.matrix<double>(tap);
    const Matrix<double> sums = golden.matrix<double>(message(tap, ".sum"));
    const std::vector<Index> positions = oracle::pytorch_positions(Out::kChannels, Out::kHeight, Out::kWidth);
    double error = 0, largest = 0;
    for (Index s = 0; s < kSamples; ++s) {
      const float* values = a.value(Tap + Model::kFirstLayer + 1) + s * Out::kSize;
      std::vector<double> in_file(static_cast<std::size_t>(Out::kSize));
      double sum = 0;
      for (std::size_t i = 0; i < in_file.size(); ++i) {
        in_file[static_cast<std::size_t>(positions[i])] = static_cast<double>(values[i]);
        sum += static_cast<double>(values[i]);
      }
      for (Index i = 0; i < kKept; ++i) {
        error = std::max(error, std::abs(in_file[static_cast<std::size_t>(i * 7919 % Out::kSize)] - kept(i, s)));
        largest = std::max(largest, std::abs(kept(i, s)));
      }
      CHECK(sum == Approx(sums(0, s)).epsilon(1e-5));
    }
    INFO(tap);
    CHECK(largest > 0.1);
    CHECK(error <= 1e-5 * largest);
  };
  (compare_tap.template operator()<Taps>(), ...);

  Perceptual<Gaussian, Model, Taps...> term(vgg, Gaussian{}, 0.0);
  term.weights = {2.0 / static_cast<double>(Net::template Bound<Taps + Model::kFirstLayer>::Output::kSize)...};
  Matrix<float> target = oracle::formula_matrix<float>(998, 1024, kSamples);
  for (Index i = 0; i < target.size(); ++i) target.data()[i] = (target.data()[i] + 1) / 2;
  Matrix<float> gradient(1024, kSamples);
  std::vector<double> values(kSamples);
  term(ConstView<float>(target.data(), 1024, kSamples), ConstView<float>(image.data(), 1024, kSamples), 1.0f,
       std::span<double>(values), View<float>(gradient.data(), 1024, kSamples));
  CHECK(oracle::relative_error(std::span<const double>(values), std::span<const double>(golden[name + ".values"])) <=
        1e-5);
  CHECK(oracle::relative_error(gradient, golden[name + ".gradient"]) <= 1e-4);
}

}  // namespace

TEST_CASE("Vgg16: taps and the gradient are PyTorch's", "[models][pytorch]") {
  compare<Vgg16<Image<1, 32, 32>>, 3, 8, 15, 22, 29, 30>("Vgg16");
}

TEST_CASE("Vgg19: taps and the gradient are PyTorch's", "[models][pytorch]") {
  compare<Vgg19<Image<1, 32, 32>>, 3, 8, 17, 26, 35, 36>("Vgg19");
}
