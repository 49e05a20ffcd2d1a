#include "bvae/models/vgg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
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
  using In = typename Net::Input;
  constexpr Index kSamples = 2;
  constexpr Index kKept = 97;
  const oracle::Golden golden("vgg.safetensors");
  const Model vgg = made_up<Model>();
  const auto in_memory = [](const auto& x) { return oracle::channels_last(x, In::kChannels, In::kHeight, In::kWidth); };
  const auto images = [&](std::uint32_t stream) {
    Matrix<float> x = in_memory(oracle::formula_matrix<float>(stream, In::kSize, kSamples));
    for (Index i = 0; i < x.size(); ++i) x.data()[i] = (x.data()[i] + 1) / 2;
    return x;
  };
  Matrix<float> image = images(999);

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
  const Matrix<float> target = images(998);
  Matrix<float> gradient(In::kSize, kSamples);
  std::vector<double> values(kSamples);
  term(ConstView<float>(target.data(), In::kSize, kSamples), ConstView<float>(image.data(), In::kSize, kSamples), 1.0f,
       std::span<double>(values), View<float>(gradient.data(), In::kSize, kSamples));
  CHECK(oracle::relative_error(std::span<const double>(values), std::span<const double>(golden[name + ".values"])) <=
        1e-5);
  const Matrix<double> expected = in_memory(golden.matrix<double>(name + ".gradient"));
  CHECK(oracle::relative_error(std::span<const float>(gradient.data(), static_cast<std::size_t>(gradient.size())),
                               std::span<const double>(expected.data(), static_cast<std::size_t>(expected.size()))) <=
        1e-4);
}

}  // namespace

TEST_CASE("Vgg16: taps and the gradient are PyTorch's", "[models][pytorch]") {
  compare<Vgg16<Image<1, 32, 32>>, 3, 8, 15, 22, 29, 30>("Vgg16");
}

TEST_CASE("Vgg19: taps and the gradient are PyTorch's", "[models][pytorch]") {
  compare<Vgg19<Image<1, 32, 32>>, 3, 8, 17, 26, 35, 36>("Vgg19");
}

TEST_CASE("Vgg16: images in colour: ImageNetInput keeps the channels apart, as PyTorch", "[models][pytorch]") {
  compare<Vgg16<Image<3, 4, 5>, 2>, 1>("Vgg16.color");
}

TEST_CASE("Vgg: a file with torchvision's names is loaded, by other names through a map; all that does not fit is told",
          "[models][io]") {
  using Cut = Vgg16<Image<1, 2, 2>, 3>;  // two convolutions: 0 and 2
  const TemporaryFolder folder;
  const Cut wanted = made_up<Cut>();
  // Values of wanted in the file's order; `left_out` and `turned` are what the file has not, or in another shape.
  const auto write = [&](const std::string& prefix, const std::string& left_out, const std::string& turned) {
    std::vector<std::string> names;
    std::vector<std::vector<float>> values;
    std::vector<TensorView> views;
    const std::vector<NamedTensor> tensors = Cut::parameter_tensors();
    names.reserve(tensors.size());
    values.reserve(tensors.size());
    for (const NamedTensor& tensor : tensors) {
      if (tensor.name == left_out) continue;
      std::vector<float>& in_file = values.emplace_back(static_cast<std::size_t>(tensor.info.size()));
      detail::for_each_value(tensor.info, [&](Index file, Index memory) {
        in_file[static_cast<std::size_t>(file)] = wanted.parameters()[static_cast<std::size_t>(tensor.offset + memory)];
      });
      std::vector<std::int64_t> shape(tensor.info.extents.begin(), tensor.info.extents.begin() + tensor.info.rank);
      if (tensor.name == turned) std::swap(shape[0], shape[1]);
      names.push_back(prefix + tensor.name.substr(tensor.name.find('.') + 1));
      views.push_back(TensorView::of<float>(names.back(), shape, in_file));
    }
    const std::vector<float> classifier(6);
    views.push_back(TensorView::of<float>("classifier.0.weight", {2, 3}, classifier));
    write_safetensors(folder / "vgg.safetensors", views);
  };
  const auto refusal = [&](const LoadOptions& options) -> std::string {
    Cut vgg{Seed{3}};
    const Arena<float> before = vgg.parameters();
    try {
      load(vgg, folder / "vgg.safetensors", options);
    } catch (const FileError& error) {
      CHECK(vgg.parameters() == before);
      return error.what();
    }
    CHECK(vgg.parameters() == wanted.parameters());
    return {};
  };
  const LoadOptions torchvision{.allow_others = true};
  const LoadOptions renamed{.names = {{"module.features.", "features."}}, .allow_others = true};

  write("features.", "", "");
  CHECK(refusal(torchvision).empty());
  CHECK_THAT(refusal({}), ContainsSubstring("classifier.0.weight, which the model does not have"));
  write("module.features.", "", "");
  CHECK(refusal(renamed).empty());
  CHECK_THAT(refusal(torchvision),
             ContainsSubstring("no features.0.weight") && ContainsSubstring("no features.2.bias"));

  for (const char* prefix : {"features.", "module.features."}) {
    write(prefix, "features.2.bias", "features.0.weight");
    CHECK_THAT(refusal(prefix == std::string("features.") ? torchvision : renamed),
               ContainsSubstring("no features.2.bias") &&
                   ContainsSubstring("features.0.weight [3,64,3,3] instead of [64,3,3,3]"));
  }
}
