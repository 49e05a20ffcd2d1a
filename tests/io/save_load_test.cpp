#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/io/load.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"

namespace {

using bvae::Index;
using bvae::TensorView;

template <class Scalar, Index Hidden = 7, Index Latents = 2>
using Color =
    bvae::Vae<bvae::Image<3, 2, 4>, bvae::Encoder<bvae::Flatten, bvae::Linear<Hidden>, bvae::ReLU>,
              bvae::Latent<Latents>, bvae::Decoder<bvae::Linear<Hidden>, bvae::ReLU, bvae::Linear<24>>, Scalar>;

// Values of the tensors, without padding.
template <class Model>
std::vector<typename Model::Scalar> values_of(const Model& model) {
  std::vector<typename Model::Scalar> values;
  for (const bvae::NamedTensor& tensor : Model::parameter_tensors()) {
    const auto own = bvae_test::values_of(model.parameters(), tensor);
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

// Tensors that a test changes and writes.
class State {
 public:
  void add(const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(100 * names_.size() + i);
    names_.push_back(name);
    shapes_.push_back(std::move(shape));
    values_.push_back(std::move(values));
  }
  void write(const std::filesystem::path& path) const {
    std::vector<TensorView> views;
    for (std::size_t i = 0; i < names_.size(); ++i)
      views.push_back(TensorView::of<float>(names_[i], shapes_[i], values_[i]));
    bvae::write_safetensors(path, views);
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<std::int64_t>> shapes_;
  std::vector<std::vector<float>> values_;
};

// The message of the FileError that loading throws; the model must stay as it was.
template <class Model>
std::string refusal(const std::filesystem::path& path) {
  Model model(bvae::Seed{5});
  const auto before = model.parameters();
  try {
    bvae::load(model, path);
  } catch (const bvae::FileError& error) {
    CHECK(model.parameters() == before);
    CHECK(error.file() == path.string());
    return error.what();
  }
  FAIL("loaded " << path);
  return {};
}

template <class Scalar>
void check_round_trip() {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  Color<Scalar> model(bvae::Seed{1});
  model.parameters()[0] = std::numeric_limits<Scalar>::denorm_min();
  model.parameters()[1] = std::numeric_limits<Scalar>::lowest();
  model.parameters()[2] = Scalar(-0.0);
  bvae::save(model, path);
  Color<Scalar> other(bvae::Seed{2});
  REQUIRE(values_of(other) != values_of(model));
  bvae::load(other, path);
  CHECK(values_of(other) == values_of(model));
  CHECK(std::signbit(other.parameters()[2]));
}

}  // namespace

TEST_CASE("save, load: a model comes back bit by bit", "[io]") {
  check_round_trip<float>();
  check_round_trip<double>();
}

TEST_CASE("load: takes float files into double models and double files into float models", "[io]") {
  const TemporaryFolder folder;
  const Color<double> wide(bvae::Seed{1});
  bvae::save(wide, folder / "wide.safetensors");
  Color<float> narrow(bvae::Seed{2});
  bvae::load(narrow, folder / "wide.safetensors");
  const std::vector<double> exact = values_of(wide);
  const std::vector<float> rounded = values_of(narrow);
  for (std::size_t i = 0; i < exact.size(); ++i) REQUIRE(rounded[i] == static_cast<float>(exact[i]));

  bvae::save(narrow, folder / "narrow.safetensors");
  Color<double> again(bvae::Seed{3});
  bvae::load(again, folder / "narrow.safetensors");
  const std::vector<double> widened = values_of(again);
  for (std::size_t i = 0; i < exact.size(); ++i) REQUIRE(widened[i] == static_cast<double>(rounded[i]));
}

TEST_CASE("save: PyTorch's names and shapes, in PyTorch's order of pixels", "[io]") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  Color<float> model;
  // Weight (out 2, pixel y 1, x 3, channel 2) of the first layer: channels-last in memory.
  constexpr Index kPixel = (1 * 4 + 3) * 3 + 2;
  constexpr Index kFilePixel = (2 * 2 + 1) * 4 + 3;
  const std::vector<bvae::NamedTensor> tensors = Color<float>::parameter_tensors();
  bvae_test::at(model.parameters(), tensors.front(), 2, kPixel) = 1234;
  bvae_test::at(model.parameters(), tensors.back(), kPixel) = 5678;  // bias of the last layer
  bvae::save(model, path, {{"note", "a \"quoted\" note"}});

  const bvae::SafetensorsReader reader(path);
  CHECK(reader.metadata().at("format") == "pt");
  CHECK(reader.metadata().at("note") == "a \"quoted\" note");
  std::vector<std::string> names;
  for (const TensorView& view : reader.tensors()) names.push_back(view.name);
  CHECK(names == std::vector<std::string>{"decoder.0.bias", "decoder.0.weight", "decoder.2.bias", "decoder.2.weight",
                                          "encoder.1.bias", "encoder.1.weight", "latent.bias", "latent.weight"});
  CHECK(reader.find("encoder.1.weight")->shape == std::vector<std::int64_t>{7, 24});
  CHECK(reader.find("latent.weight")->shape == std::vector<std::int64_t>{4, 7});
  CHECK(reader.find("decoder.2.bias")->shape == std::vector<std::int64_t>{24});
  CHECK(bvae::detail::value_at<float>(*reader.find("encoder.1.weight"), 2 * 24 + kFilePixel) == 1234);
  CHECK(bvae::detail::value_at<float>(*reader.find("decoder.2.bias"), kFilePixel) == 5678);
}

TEST_CASE("save, load: sizes that fill no panel: files hold PyTorch's order, memory its panels", "[io]") {
  using Odd = bvae::Vae<bvae::Features<5>, bvae::Encoder<bvae::Linear<35>, bvae::Tanh>, bvae::Latent<3>,
                        bvae::Decoder<bvae::Linear<17>, bvae::Tanh, bvae::Linear<5>>, double>;
  const TemporaryFolder folder;
  Odd model(bvae::Seed{1});
  const std::vector<bvae::NamedTensor> tensors = Odd::parameter_tensors();
  // Each value says its tensor and its place in C order.
  const auto value = [](std::size_t tensor, std::size_t i) { return static_cast<double>(1000 * (tensor + 1) + i); };
  for (std::size_t t = 0; t < tensors.size(); t += 2) {
    const auto rows = static_cast<std::size_t>(tensors[t].info.extents[0]);
    const auto columns = static_cast<std::size_t>(tensors[t].info.extents[1]);
    double* const first = model.parameters().data() + tensors[t].offset;
    for (std::size_t r = 0; r < rows; ++r) {
      double* const panel = first + r / 16 * 16 * ((columns + 1) | 1) + r % 16;
      for (std::size_t c = 0; c < columns; ++c) panel[16 * c] = value(t, r * columns + c);
      panel[16 * columns] = value(t + 1, r);  // the bias
    }
  }
  bvae::save(model, folder / "odd.safetensors");
  const bvae::SafetensorsReader reader(folder / "odd.safetensors");
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    INFO(tensors[t].name);
    const TensorView* const view = reader.find(tensors[t].name);
    REQUIRE(view != nullptr);
    REQUIRE(view->bytes.size() == static_cast<std::size_t>(tensors[t].info.size()) * sizeof(double));
    for (std::size_t i = 0; i < view->bytes.size() / sizeof(double); ++i)
      REQUIRE(bvae::detail::value_at<double>(*view, static_cast<Index>(i)) == value(t, i));
  }
  Odd other(bvae::Seed{2});
  bvae::load(other, folder / "odd.safetensors");
  CHECK(other.parameters() == model.parameters());  // what no tensor owns too: 0
}

TEST_CASE("save: the same model gives the same bytes", "[io]") {
  const TemporaryFolder folder;
  const Color<float> model(bvae::Seed{4});
  const Color<float> copy = model;
  bvae::save(model, folder / "a.safetensors");
  bvae::save(copy, folder / "b.safetensors");
  bvae::save(model, folder / "a.safetensors");  // again, over itself
  CHECK(bvae::read_file(folder / "a.safetensors") == bvae::read_file(folder / "b.safetensors"));
  CHECK(folder.count() == 2);
}

TEST_CASE("load: one error lists every tensor that does not fit", "[io]") {
  const TemporaryFolder folder;
  State state;
  state.add("encoder.1.weight", {24, 7});  // transposed
  state.add("encoder.1.bias", {7});
  state.add("latent.weight", {4, 7});
  state.add("latent.bias", {4, 1});  // as many values, another rank
  state.add("decoder.0.weight", {7, 2});
  state.add("decoder.2.weight", {24, 7});
  state.add("decoder.2.bias", {24});
  state.add("decoder.4.bias", {1});
  state.write(folder / "other.safetensors");
  const std::string message = refusal<Color<float>>(folder / "other.safetensors");
  CHECK_THAT(message, ContainsSubstring("encoder.1.weight [24,7] instead of [7"));
  CHECK_THAT(message, ContainsSubstring("latent.bias [4,1] instead of [4]"));
  CHECK_THAT(message, ContainsSubstring("no decoder.0.bias"));
  CHECK_THAT(message, ContainsSubstring("decoder.4.bias, which the model does not have"));
  CHECK(message.find("decoder.2.weight") == std::string::npos);  // fits
}

TEST_CASE("load: a model of another size is refused", "[io]") {
  const TemporaryFolder folder;
  bvae::save(Color<float, 8, 3>(), folder / "larger.safetensors");
  const std::string message = refusal<Color<float>>(folder / "larger.safetensors");
  CHECK_THAT(message, ContainsSubstring("latent.weight [6,8] instead of [4"));
}

TEST_CASE("load: other element types are refused, not converted", "[io]") {
  const TemporaryFolder folder;
  using Small = bvae::Vae<bvae::Features<1>, bvae::Encoder<>, bvae::Latent<1>, bvae::Decoder<bvae::Linear<1>>>;
  const std::vector<std::int32_t> whole{1, 2};
  const std::vector<float> one{1};
  bvae::write_safetensors(folder / "whole.safetensors",
                          std::vector<TensorView>{TensorView::of<std::int32_t>("latent.weight", {2, 1}, whole),
                                                  TensorView::of<std::int32_t>("latent.bias", {2}, whole),
                                                  TensorView::of<float>("decoder.0.weight", {1, 1}, one),
                                                  TensorView::of<float>("decoder.0.bias", {1}, one)});
  CHECK_THAT(refusal<Small>(folder / "whole.safetensors"),
             ContainsSubstring("latent.weight of type I32 instead of F32 or F64; "));
}

TEST_CASE("load: a tensor of another type and another shape is told with both", "[io]") {
  const TemporaryFolder folder;
  using Small = bvae::Vae<bvae::Features<1>, bvae::Encoder<>, bvae::Latent<1>, bvae::Decoder<bvae::Linear<1>>>;
  const std::vector<std::int32_t> whole{1, 2, 3};
  bvae::write_safetensors(folder / "whole.safetensors",
                          std::vector<TensorView>{TensorView::of<std::int32_t>("latent.weight", {1, 3}, whole)});
  CHECK_THAT(refusal<Small>(folder / "whole.safetensors"),
             ContainsSubstring("latent.weight of type I32 instead of F32 or F64 and [1,3] instead of [2,1]; "));
}

TEST_CASE("load: missing, empty and cut files are refused, and the model stays", "[io]") {
  const TemporaryFolder folder;
  refusal<Color<float>>(folder / "missing.safetensors");
  refusal<Color<float>>(folder.write("empty.safetensors", std::string()));
  refusal<Color<float>>(folder.path());
  bvae::save(Color<float>(), folder / "whole.safetensors");
  const std::vector<std::uint8_t> bytes = bvae::read_file(folder / "whole.safetensors");
  for (const std::size_t length : {std::size_t{7}, std::size_t{100}, bytes.size() - 1})
    refusal<Color<float>>(folder.write("cut.safetensors", std::span(bytes).first(length)));
}

TEST_CASE("save: a folder that is missing or cannot be written is an error that names the file", "[io]") {
  const TemporaryFolder folder;
  const Color<float> model;
  const auto missing = folder / "no/such/folder/model.safetensors";
  CHECK_THROWS_AS(bvae::save(model, missing), bvae::FileError);
  CHECK_THROWS_WITH(bvae::save(model, missing), ContainsSubstring(missing.string()));
  CHECK_THROWS_AS(bvae::save(model, "/proc/model.safetensors"), bvae::FileError);  // for root too

  std::filesystem::create_directory(folder / "locked");
  bvae::save(model, folder / "locked/model.safetensors");
  const auto before = bvae::read_file(folder / "locked/model.safetensors");
  std::filesystem::permissions(folder / "locked",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  if (::geteuid() != 0)
    CHECK_THROWS_AS(bvae::save(Color<float>(bvae::Seed{9}), folder / "locked/model.safetensors"), bvae::FileError);
  std::filesystem::permissions(folder / "locked", std::filesystem::perms::owner_all);
  if (::geteuid() != 0) CHECK(bvae::read_file(folder / "locked/model.safetensors") == before);
}

TEST_CASE("save: a full disk is an error that names the file", "[io]") {
  const Color<float> model;
  CHECK_THROWS_AS(bvae::save(model, "/dev/full"), bvae::FileError);
  CHECK_THROWS_WITH(bvae::save(model, "/dev/full"), ContainsSubstring("/dev/full"));
  CHECK(std::filesystem::is_character_file("/dev/full"));  // not replaced
}

TEST_CASE("load: NaN and infinite values are refused, and all of them named", "[io]") {
  const TemporaryFolder folder;
  Color<double> model;
  const std::vector<bvae::NamedTensor> tensors = Color<double>::parameter_tensors();
  bvae_test::at(model.parameters(), tensors[1], 3) = std::numeric_limits<double>::quiet_NaN();
  bvae_test::at(model.parameters(), tensors[3], 0) = 1e300;  // no float
  bvae::save(model, folder / "bad.safetensors");
  const std::string message = refusal<Color<float>>(folder / "bad.safetensors");
  CHECK_THAT(message, ContainsSubstring("encoder.1.bias with NaN at 3"));
  CHECK_THAT(message, ContainsSubstring("latent.bias with an infinite value at 0"));
}

TEST_CASE("load: of the entries that match a name the longest counts, and the empty one matches every name", "[io]") {
  const TemporaryFolder folder;
  using Small = bvae::Vae<bvae::Features<1>, bvae::Encoder<>, bvae::Latent<1>, bvae::Decoder<bvae::Linear<1>>>;
  const std::vector<float> two{1, 2}, swapped{5, 6}, one{3}, other{4};
  bvae::write_safetensors(
      folder / "other.safetensors",
      std::vector<TensorView>{TensorView::of<float>("0.weight", {1, 1}, one),
                              TensorView::of<float>("0.bias", {1}, other), TensorView::of<float>("a.weight", {2}, two),
                              TensorView::of<float>("a.b.weight", {2, 1}, swapped)});
  Small model;
  bvae::load(model, folder / "other.safetensors",
             {.names = {{"", "decoder."}, {"a.", "nowhere."}, {"a.weight", "latent.bias"}, {"a.b.", "latent."}}});
  CHECK(values_of(model) == std::vector<float>{5, 6, 1, 2, 3, 4});
}

TEST_CASE("load: takes tensors with other names, and others beside them, where it is told to", "[io]") {
  const TemporaryFolder folder;
  using Small = bvae::Vae<bvae::Features<1>, bvae::Encoder<>, bvae::Latent<1>, bvae::Decoder<bvae::Linear<1>>>;
  const std::vector<float> two{1, 2}, one{3}, other{4};
  bvae::write_safetensors(folder / "other.safetensors",
                          std::vector<TensorView>{TensorView::of<float>("head.weight", {2, 1}, two),
                                                  TensorView::of<float>("head.bias", {2}, two),
                                                  TensorView::of<float>("module.decoder.0.weight", {1, 1}, one),
                                                  TensorView::of<float>("module.decoder.0.bias", {1}, other),
                                                  TensorView::of<float>("classifier.weight", {1}, other)});
  const bvae::LoadOptions options{.names = {{"head.", "latent."}, {"module.", ""}}, .allow_others = true};
  Small model;
  bvae::load(model, folder / "other.safetensors", options);
  CHECK(values_of(model) == std::vector<float>{1, 2, 1, 2, 3, 4});

  const auto problems = [&](const bvae::LoadOptions& given) {
    Small untouched;
    try {
      bvae::load(untouched, folder / "other.safetensors", given);
    } catch (const bvae::FileError& error) {
      CHECK(values_of(untouched) == values_of(Small()));
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(problems({.names = options.names}), ContainsSubstring("classifier.weight, which the model does not have"));
  CHECK_THAT(problems({.names = {{"head.", "latent."}, {"module.", ""}, {"tail.weight", "x"}}, .allow_others = true}),
             ContainsSubstring("no tail.weight to be called x"));
  CHECK_THAT(problems({.names = {{"head.weight", "latent.bias"}, {"head.bias", "latent.bias"}, {"module.", ""}},
                       .allow_others = true}),
             ContainsSubstring("latent.bias twice"));
  CHECK_THAT(problems({.allow_others = true}), ContainsSubstring("no latent.weight"));
}
