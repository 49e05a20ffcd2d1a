#include "bvae/io/safetensors_writer.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "bvae/core/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using bvae::TensorType;
using bvae::TensorView;

namespace {

std::string content(const std::filesystem::path& path) {
  const auto bytes = bvae::read_file(path);
  return {bytes.begin(), bytes.end()};
}

std::string length(std::uint64_t value) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

}  // namespace

TEST_CASE("write_safetensors: the layout is the format's, byte by byte", "[io][safetensors]") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  SECTION("one tensor") {
    const std::vector<float> values{0, 1, 2, 3, 4, 5};
    const std::vector<TensorView> tensors{TensorView::of<float>("attn.0", {1, 2, 3}, values)};
    bvae::write_safetensors(path, tensors);
    const std::string header = R"({"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}})";
    REQUIRE(header.size() == 64);
    const std::string data("\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40", 24);
    CHECK(content(path) == length(64) + header + data);
  }
  SECTION("the header is padded with spaces to a multiple of 8") {
    const std::vector<std::uint8_t> values{7};
    const std::vector<TensorView> tensors{TensorView::of<std::uint8_t>("x", {}, values)};
    bvae::write_safetensors(path, tensors);
    const std::string header = R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})";
    REQUIRE(header.size() == 52);
    CHECK(content(path) == length(56) + header + "    " + '\7');
  }
  SECTION("no tensors") {
    bvae::write_safetensors(path, {});
    CHECK(content(path) == length(8) + "{}      ");
  }
  SECTION("metadata") {
    bvae::write_safetensors(path, {}, {{"framework", "pt"}});
    CHECK(content(path) == length(40) + R"({"__metadata__":{"framework":"pt"}})" + "     ");
  }
}

TEST_CASE("write_safetensors: wide types come first, then names, in whatever order they are given",
          "[io][safetensors]") {
  const TemporaryFolder folder;
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  const std::vector<float> floats{1};
  const std::vector<double> doubles{2};
  const std::vector<std::int64_t> integers{3};
  std::vector<TensorView> tensors{
      TensorView::of<std::uint8_t>("a", {3}, bytes),    TensorView::of<float>("c", {1}, floats),
      TensorView::of<float>("b\xce\xb2", {1}, floats),  TensorView::of<double>("z", {1}, doubles),
      TensorView::of<std::int64_t>("y", {1}, integers), TensorView::of<float>("b\"", {0, 4}, {}),
  };
  const std::map<std::string, std::string> metadata{{"b", "2"}, {"a", "line\n"}};
  bvae::write_safetensors(folder / "1", tensors, metadata);
  std::ranges::reverse(tensors);
  bvae::write_safetensors(folder / "2", tensors, metadata);
  CHECK(content(folder / "1") == content(folder / "2"));
  const std::string expected = R"({"__metadata__":{"a":"line\n","b":"2"},)"
                               R"("y":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                               R"("z":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},)"
                               R"("b\"":{"dtype":"F32","shape":[0,4],"data_offsets":[16,16]},)"
                               "\"b\xce\xb2\":"
                               R"({"dtype":"F32","shape":[1],"data_offsets":[16,20]},)"
                               R"("c":{"dtype":"F32","shape":[1],"data_offsets":[20,24]},)"
                               R"("a":{"dtype":"U8","shape":[3],"data_offsets":[24,27]}})";
  const std::string written = content(folder / "1");
  CHECK(written.substr(8, expected.size()) == expected);
  CHECK((written.size() - 27) % 8 == 0);
}

TEST_CASE("write_safetensors: refuses what no reader would take, before it writes", "[io][safetensors]") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const std::vector<float> values(6);
  const auto write = [&](std::vector<TensorView> tensors) { bvae::write_safetensors(path, tensors); };
  const auto view = [&](std::string name, std::vector<std::int64_t> shape) {
    return TensorView::of<float>(std::move(name), std::move(shape), values);
  };
  CHECK_THROWS_WITH(write({view("w", {2, 2})}),
                    ContainsSubstring("tensor \"w\" of F32[2,2] needs 16 bytes and has 24"));
  CHECK_THROWS_WITH(write({view("w", {-2, -3})}), ContainsSubstring("cannot have the type and shape F32[-2,-3]"));
  const std::int64_t half = std::int64_t{1} << 32;
  CHECK_THROWS_AS(write({TensorView::of<float>("w", {half, half}, {})}), std::invalid_argument);
  CHECK_THROWS_AS(write({TensorView{"w", TensorType::f4, {2}, std::as_bytes(std::span(values)).first(1)}}),
                  std::invalid_argument);
  CHECK_THROWS_WITH(write({view("w", {6}), view("v", {6}), view("w", {6})}),
                    ContainsSubstring("two tensors have the name \"w\""));
  CHECK_THROWS_AS(write({view("__metadata__", {6})}), std::invalid_argument);
  CHECK_THROWS_WITH(write({view("\xff", {6})}), ContainsSubstring("not UTF-8"));
  CHECK_THROWS_AS(write({view(std::string("a\0b", 3), {6})}), std::invalid_argument);
  CHECK_THROWS_AS(bvae::write_safetensors(path, {}, {{"a", "\xff"}}), std::invalid_argument);
  CHECK(folder.count() == 0);
  CHECK_THROWS_AS(bvae::write_safetensors(folder / "missing" / "x", {}), bvae::FileError);
}
