#include "bvae/io/safetensors_reader.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "bvae/io/safetensors_writer.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using bvae::FileError;
using bvae::SafetensorsReader;
using bvae::TensorType;
using bvae::TensorView;

namespace {

std::vector<std::uint8_t> bytes_of(std::uint64_t length, const std::string& header, std::size_t data) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < data; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

SafetensorsReader read(const std::string& header, std::size_t data = 0) {
  return SafetensorsReader(bytes_of(header.size(), header, data), "x.safetensors");
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return '"' + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + '}';
}

// The header of a file with one tensor "w".
std::string one(const std::string& type, const std::string& shape, const std::string& offsets) {
  return '{' + entry("w", type, shape, offsets) + '}';
}

// What a file is refused for; empty if it is not.
std::string error_of(const std::vector<std::uint8_t>& bytes) {
  try {
    SafetensorsReader(bytes, "x.safetensors");
  } catch (const FileError& error) {
    REQUIRE(error.file() == "x.safetensors");
    REQUIRE(error.offset() >= 0);
    REQUIRE(error.offset() <= static_cast<std::int64_t>(bytes.size()));
    return error.what();
  }
  return "";
}

std::string error_of(const std::string& header, std::size_t data = 0) {
  return error_of(bytes_of(header.size(), header, data));
}

}  // namespace

TEST_CASE("SafetensorsReader: refuses a broken length (rows 1 to 3)", "[io][safetensors]") {
  SECTION("files below 8 bytes") {
    CHECK_THAT(error_of(std::vector<std::uint8_t>{}), ContainsSubstring("found 0 bytes"));
    CHECK_THAT(error_of(std::vector<std::uint8_t>(7)),
               ContainsSubstring("byte 0: expected 8 bytes that tell the header's length, found 7 bytes"));
  }
  SECTION("a header that ends behind the file") {
    CHECK_THAT(error_of(bytes_of(3, "{}", 0)), ContainsSubstring("a header within the 2 bytes that follow, found 3"));
    CHECK_THAT(error_of(bytes_of(100'000'000, "{}", 0)), ContainsSubstring("found 100000000"));
    for (const std::uint64_t length : {~std::uint64_t{0}, ~std::uint64_t{7}}) {  // 2^64-8 + 8 would wrap to 0
      CHECK_THAT(error_of(bytes_of(length, "{}", 0)), ContainsSubstring("found " + std::to_string(length)));
    }
  }
  SECTION("a header above the format's limit, even if the file were as large") {
    CHECK_THAT(error_of(bytes_of(100'000'001, "{}", 0)), ContainsSubstring("a header of at most 100000000 bytes"));
  }
}

TEST_CASE("SafetensorsReader: refuses headers that are not the format's JSON (row 4)", "[io][safetensors]") {
  SECTION("not UTF-8") {
    CHECK_THAT(error_of("{\"\xff\":1}"), ContainsSubstring("expected valid JSON") && ContainsSubstring("UTF-8"));
    CHECK_THAT(error_of("\xff"), ContainsSubstring("byte 8: expected a JSON object"));
    CHECK_THAT(error_of("\xef\xbb\xbf{}"), ContainsSubstring("byte 8: expected a JSON object"));  // byte order mark
  }
  SECTION("cut short") {
    const std::string whole = one("U8", "[2]", "[0,2]");
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(error_of(whole.substr(0, size), 2) != "");
    CHECK_THAT(error_of(""), ContainsSubstring("byte 8: expected a JSON object"));
    CHECK_THAT(error_of("{"), ContainsSubstring("expected valid JSON"));
  }
  SECTION("other types of JSON") {
    for (const std::string json : {"[]", "null", "1", "\"a\"", "true"}) {
      CHECK_THAT(error_of(json), ContainsSubstring("byte 8: expected a JSON object"));
    }
    for (const std::string json : {"1", "-1", "1.5", "\"a\"", "null", "true", "[]"}) {
      CHECK_THAT(error_of("{\"w\":" + json + "}"),
                 ContainsSubstring("expected an object with dtype, shape and data_offsets of tensor \"w\""));
    }
    CHECK_THAT(error_of(R"({"w":{"dtype":1,"shape":[],"data_offsets":[0,0]}})"),
               ContainsSubstring("a string as dtype of tensor \"w\", found 1"));
    CHECK_THAT(error_of(one("U8", "2", "[0,2]"), 2), ContainsSubstring("an array as shape of tensor \"w\", found 2"));
    CHECK_THAT(error_of(one("U8", "[2]", "\"0,2\""), 2), ContainsSubstring("an array as data_offsets"));
    CHECK_THAT(error_of(one("U8", "{}", "[0,2]"), 2), ContainsSubstring("found an object"));
    CHECK_THAT(error_of(one("U8", "[\"2\"]", "[0,2]"), 2), ContainsSubstring("found the string \"2\""));
    CHECK_THAT(error_of(one("U8", "[true]", "[0,2]"), 2), ContainsSubstring("found true"));
  }
  SECTION("members missing, unknown or twice") {
    CHECK_THAT(error_of(R"({"w":{}})"), ContainsSubstring("found no dtype"));
    CHECK_THAT(error_of(R"({"w":{"dtype":"U8","data_offsets":[0,0]}})"), ContainsSubstring("found no shape"));
    CHECK_THAT(error_of(R"({"w":{"dtype":"U8","shape":[0]}})"), ContainsSubstring("found no data_offsets"));
    CHECK_THAT(error_of(R"({"w":{"dtype":"U8","strides":[1]}})"), ContainsSubstring("found \"strides\""));
    CHECK_THAT(error_of(R"({"w":{"dtype":"U8","dtype":"U8"}})"), ContainsSubstring("dtype once of tensor \"w\""));
  }
  SECTION("something behind the object") {
    CHECK_THAT(error_of("{}{}"), ContainsSubstring("byte 10") || ContainsSubstring("JSON"));
    CHECK_THAT(error_of(std::string("{}\0{\"a\":1}", 10)), ContainsSubstring("byte 10: expected nothing but spaces"));
    CHECK(error_of(std::string("{\0}", 3)) != "");
    CHECK(error_of("{}//") != "");
    CHECK(error_of("{/**/}") != "");
  }
}

TEST_CASE("SafetensorsReader: refuses data that is not covered exactly (rows 5 and 6)", "[io][safetensors]") {
  SECTION("ten tensors that share their bytes") {
    std::string header = "{";
    for (int i = 0; i < 10; ++i) {
      header += (i > 0 ? "," : "") + entry("weight_" + std::to_string(i), "F32", "[2,2]", "[0,16]");
    }
    CHECK_THAT(error_of(header + '}', 16), ContainsSubstring("to begin at 16") && ContainsSubstring("tensors overlap"));
  }
  SECTION("half an overlap and a hole") {
    const auto two = [](const std::string& second) {
      return '{' + entry("a", "U8", "[4]", "[0,4]") + ',' + entry("b", "U8", "[4]", second) + '}';
    };
    CHECK_THAT(error_of(two("[3,7]"), 7),
               ContainsSubstring("tensor \"b\" to begin at 4") && ContainsSubstring("found 3 (tensors overlap)"));
    CHECK_THAT(error_of(two("[5,9]"), 9), ContainsSubstring("found 5 (unused bytes)"));
    CHECK_THAT(error_of(one("U8", "[4]", "[1,5]"), 5), ContainsSubstring("found 1 (unused bytes)"));
    CHECK(error_of(two("[4,8]"), 8) == "");
  }
  SECTION("trailing bytes") {
    CHECK_THAT(error_of(one("I32", "[2,2]", "[0,16]"), 50),
               ContainsSubstring("the end of the file after the last tensor, found 34 more bytes"));
    CHECK_THAT(error_of("{}", 1), ContainsSubstring("found 1 more bytes"));
  }
  SECTION("two bytes short") {
    CHECK_THAT(error_of(one("I32", "[2,2]", "[0,16]"), 14),
               ContainsSubstring("within the 14 bytes of data of tensor \"w\", found [0,16]"));
  }
}

TEST_CASE("SafetensorsReader: refuses shapes that disagree with the bytes (rows 7 to 9)", "[io][safetensors]") {
  CHECK_THAT(error_of(one("I32", "[2,2]", "[0,12]"), 12),
             ContainsSubstring("expected 16 bytes for I32[2,2] of tensor \"w\", found 12 in data_offsets [0,12]"));
  CHECK_THAT(error_of(one("F32", "[]", "[0,0]")), ContainsSubstring("expected 4 bytes for F32[]"));
  SECTION("products that overflow") {
    CHECK_THAT(error_of(one("I32", "[2,18446744073709551614]", "[0,16]"), 16),
               ContainsSubstring("whole numbers from 0 to 2^63-1") && ContainsSubstring("18446744073709551614"));
    CHECK_THAT(error_of(one("I32", "[2,9223372036854775807]", "[0,16]"), 16),
               ContainsSubstring("a shape whose bytes can be counted in 64 bits"));
    CHECK_THAT(error_of(one("U8", "[4,9223372036854775807]", "[0,16]"), 16), ContainsSubstring("64 bits"));
  }
  SECTION("products that wrap to 0") {
    CHECK_THAT(error_of(one("U8", "[4294967296,4294967296]", "[0,0]")), ContainsSubstring("64 bits"));
    CHECK_THAT(error_of(one("U8", "[4294967296,4294967296]", "[9,9]")),
               ContainsSubstring("within the 0 bytes of data"));
    CHECK_THAT(error_of(one("F32", "[4294967296,1073741824]", "[0,0]")), ContainsSubstring("64 bits"));
  }
}

TEST_CASE("SafetensorsReader: refuses offsets that are not two whole ascending numbers (row 10)", "[io][safetensors]") {
  const auto offsets = [](const std::string& text) { return error_of(one("U8", "[2]", text), 2); };
  CHECK_THAT(offsets("[-2,0]"), ContainsSubstring("the data_offsets of tensor \"w\", found -2"));
  CHECK_THAT(offsets("[-0,2]"), ContainsSubstring("the data_offsets"));
  CHECK_THAT(offsets("[0,2.0]"), ContainsSubstring("found \"2.0\""));
  CHECK_THAT(offsets("[0,2e0]"), ContainsSubstring("found \"2e0\""));
  CHECK_THAT(offsets("[0,18446744073709551618]"), ContainsSubstring("found \"18446744073709551618\""));
  CHECK_THAT(offsets("[]"), ContainsSubstring("expected two data_offsets of tensor \"w\", found 0"));
  CHECK_THAT(offsets("[2]"), ContainsSubstring("expected two data_offsets of tensor \"w\", found 1"));
  CHECK_THAT(offsets("[0,2,2]"), ContainsSubstring("expected two data_offsets of tensor \"w\", found more"));
  CHECK_THAT(offsets("[2,0]"), ContainsSubstring("ascending data_offsets"));
  CHECK_THAT(offsets("[18446744073709551615,1]"), ContainsSubstring("ascending data_offsets"));
  CHECK_THAT(offsets("[00,2]"), ContainsSubstring("JSON"));
  for (const std::string dimension : {"-2", "2.0", "2e0", "-0"}) {
    CHECK_THAT(error_of(one("U8", '[' + dimension + ']', "[0,2]"), 2),
               ContainsSubstring("in the shape of tensor \"w\""));
  }
  CHECK_THAT(error_of(one("U8", "[-1,-2]", "[0,2]"), 2), ContainsSubstring("found -1"));
}

TEST_CASE("SafetensorsReader: a tensor has the bytes of its offsets and of its shape, which agree (row 11)",
          "[io][safetensors]") {
  const auto reader = read(one("U16", "[3]", "[0,6]"), 6);
  CHECK(reader.find("w")->bytes.size() == 6);
  CHECK(error_of(one("U16", "[1000000000]", "[0,6]"), 6) != "");
  CHECK(error_of(one("U16", "[1]", "[0,6]"), 6) != "");
}

TEST_CASE("SafetensorsReader: refuses names given twice, odd metadata, unknown types (row 12)", "[io][safetensors]") {
  CHECK_THAT(error_of('{' + entry("w", "U8", "[1]", "[0,1]") + ',' + entry("v", "U8", "[1]", "[1,2]") + ',' +
                          entry("w", "U8", "[1]", "[2,3]") + '}',
                      3),
             ContainsSubstring("each tensor name once, found \"w\" twice"));
  CHECK_THAT(error_of('{' + entry("w", "U8", "[0]", "[0,0]") + ',' + entry("\\u0077", "U8", "[0]", "[0,0]") + '}'),
             ContainsSubstring("found \"w\" twice"));
  for (const std::string value : {"1", "null", "true", "{}", "[]", "1.5"}) {
    CHECK_THAT(error_of("{\"__metadata__\":{\"a\":" + value + "}}"),
               ContainsSubstring("expected a string for \"a\" in __metadata__"));
    if (value != "{}") {
      CHECK_THAT(error_of("{\"__metadata__\":" + value + "}"), ContainsSubstring("an object of strings"));
    }
  }
  CHECK_THAT(error_of(R"({"__metadata__":{},"__metadata__":{}})"), ContainsSubstring("__metadata__ once"));
  CHECK_THAT(error_of(R"({"__metadata__":{"a":"1","a":"1"}})"), ContainsSubstring("found \"a\" twice"));
  CHECK_THAT(error_of(one("F33", "[0]", "[0,0]")),
             ContainsSubstring("expected a dtype of the format of tensor \"w\", found \"F33\""));
  CHECK_THAT(error_of(one("f32", "[0]", "[0,0]")), ContainsSubstring("found \"f32\""));
  CHECK_THAT(error_of(one("F4", "[2]", "[0,1]"), 1), ContainsSubstring("bvae does not support"));
}

TEST_CASE("SafetensorsReader: hostile JSON costs nothing (row 13)", "[io][safetensors]") {
  SECTION("deep nesting") {
    const std::string deep(1'000'000, '[');
    CHECK_THAT(error_of(deep), ContainsSubstring("expected a JSON object"));
    CHECK_THAT(error_of("{\"w\":" + deep), ContainsSubstring("found an array"));
    CHECK_THAT(error_of("{\"w\":{\"shape\":" + deep), ContainsSubstring("found an array"));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    CHECK(error_of(objects) != "");
  }
  SECTION("numbers of a million digits") {
    const std::string digits(1'000'000, '9');
    for (const std::string& number : {digits, "0." + digits, "1e" + digits, "-" + digits}) {
      const std::string error = error_of(one("U8", '[' + number + ']', "[0,2]"), 2);
      CHECK(error != "");
      CHECK(error.size() < 500);
    }
  }
  SECTION("strings of a million characters") {
    const std::string error = error_of(one(std::string(1'000'000, 'x'), "[2]", "[0,2]"), 2);
    CHECK_THAT(error, ContainsSubstring("a dtype of the format"));
    CHECK(error.size() < 500);
  }
  SECTION("a million dimensions") {
    std::string shape = "[0";
    for (int i = 0; i < 1'000'000; ++i) shape += ",0";
    CHECK_THAT(error_of(one("U8", shape + ']', "[0,0]")), ContainsSubstring("at most 64 dimensions"));
  }
  SECTION("lone surrogates") {
    CHECK_THAT(error_of('{' + entry("\\ud800", "U8", "[0]", "[0,0]") + '}'), ContainsSubstring("surrogate"));
    CHECK_THAT(error_of('{' + entry("\\udc00x", "U8", "[0]", "[0,0]") + '}'), ContainsSubstring("surrogate"));
    CHECK(error_of('{' + entry("\\ud83d\\ude00", "U8", "[0]", "[0,0]") + '}') == "");
  }
  SECTION("NUL in names") {
    CHECK_THAT(error_of('{' + entry("w\\u0000x", "U8", "[0]", "[0,0]") + '}'),
               ContainsSubstring("expected a name without NUL, found \"w\\u0000x\""));
    CHECK_THAT(error_of(R"({"__metadata__":{"a\u0000":"1"}})"), ContainsSubstring("a name without NUL"));
    CHECK(error_of(std::string("{\"a\0\":1}", 8)) != "");
  }
}

TEST_CASE("SafetensorsReader: tells where the error is", "[io][safetensors]") {
  const std::string header = R"({"w":{"dtype":"F33")";
  try {
    read(header);
    FAIL("read");
  } catch (const FileError& error) {
    CHECK(error.offset() == static_cast<std::int64_t>(8 + header.size() - 1));
  }
}

TEST_CASE("SafetensorsReader: accepts all that the format allows (row 14)", "[io][safetensors]") {
  for (const std::string header : {"{}", "{}      ", "  {}", "\n\t {} \r\n", "{ }"}) {
    const auto reader = read(header);
    CHECK(reader.tensors().empty());
    CHECK(reader.find("w") == nullptr);
  }
  CHECK(read(one("F32", "[2,0]", "[0,0]")).find("w")->shape == std::vector<std::int64_t>{2, 0});
  const auto scalar = read(one("I32", "[]", "[0,4]"), 4);
  CHECK(scalar.find("w")->shape.empty());
  CHECK(scalar.find("w")->bytes.size() == 4);
  CHECK(scalar.find("") == nullptr);
  CHECK(read(R"({"__metadata__":{}})").metadata().empty());
  const auto any_order =
      read(R"({"__metadata__":{"a":"\u00e9"},"b":{"data_offsets":[1,2],"shape":[1],"dtype":"BOOL"},)" +
               entry("a", "F8_E4M3", "[1]", "[0,1]") + ',' + entry("c", "U8", "[0]", "[1,1]") + '}',
           2);
  CHECK(any_order.metadata().at("a") == "\xc3\xa9");
  REQUIRE(any_order.tensors().size() == 3);
  CHECK(any_order.tensors()[0].name == "a");
  CHECK(any_order.tensors()[1].name == "c");
  CHECK(any_order.tensors()[2].name == "b");
  CHECK(any_order.find("b")->type == TensorType::boolean);
  CHECK(any_order.find("b")->bytes[0] == std::byte{1});
  CHECK(error_of(one("F64", "[0,9223372036854775807]", "[0,0]")) == "");
}

TEST_CASE("SafetensorsReader: reads every type of whole bytes", "[io][safetensors]") {
  for (const auto& [name, bits] : bvae::detail::kTensorTypes) {
    const std::string header = one(std::string(name), "[1]", "[0," + std::to_string(bits / 8) + ']');
    if (bits % 8 != 0) {
      CHECK(error_of(header) != "");
    } else {
      CHECK(bvae::type_name(read(header, bits / 8).find("w")->type) == name);
    }
  }
}

TEST_CASE("SafetensorsReader: gives back what was written", "[io][safetensors]") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const std::vector<float> floats{
      1, -0.0f, std::numeric_limits<float>::quiet_NaN(), 1e-45f, std::numeric_limits<float>::infinity(), 3};
  const std::vector<double> doubles{0.1};
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  const std::vector<TensorView> tensors{
      TensorView::of<float>("encoder.0.weight", {2, 3}, floats),
      TensorView::of<double>("\xce\xb2 \"quoted\"\n", {}, doubles),
      TensorView::of<std::uint8_t>("bytes", {3, 1}, bytes),
      TensorView::of<float>("empty", {0}, {}),
  };
  bvae::write_safetensors(path, tensors, {{"step", "10"}, {"text", "\"\\\n\x01"}});
  auto first = SafetensorsReader(path);
  const SafetensorsReader reader = std::move(first);  // the views must survive a move
  CHECK(reader.file() == path.string());
  CHECK(reader.tensors().size() == 4);
  CHECK(reader.metadata() == std::map<std::string, std::string>{{"step", "10"}, {"text", "\"\\\n\x01"}});
  for (const TensorView& tensor : tensors) {
    const TensorView* found = reader.find(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->name == tensor.name);
    CHECK(found->type == tensor.type);
    CHECK(found->shape == tensor.shape);
    REQUIRE(found->bytes.size() == tensor.bytes.size());
    CHECK(std::ranges::equal(found->bytes, tensor.bytes));
  }
  CHECK_THROWS_AS(SafetensorsReader(folder / "missing"), FileError);
  CHECK_THROWS_AS(SafetensorsReader(folder.path()), FileError);
}

TEST_CASE("SafetensorsReader: a file cut at any byte is refused", "[io][safetensors]") {
  const std::string header = R"({"__metadata__":{"a":"b"},)" + entry("w", "F32", "[2,2]", "[0,16]") + ',' +
                             entry("v", "U8", "[3]", "[16,19]") + "}  ";
  const auto whole = bytes_of(header.size(), header, 19);
  CHECK(error_of(whole) == "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut at byte " << size);
    CHECK(error_of(std::vector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) != "");
  }
}

TEST_CASE("SafetensorsReader: a file with any byte changed is refused or read, in bounds", "[io][safetensors]") {
  const std::string header = R"({"__metadata__":{"a":"b"},)" + entry("w", "F32", "[2,2]", "[0,16]") + ',' +
                             entry("v", "U8", "[3]", "[16,19]") + "}  ";
  const auto whole = bytes_of(header.size(), header, 19);
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto bytes = whole;
      bytes[at] = static_cast<std::uint8_t>(value);
      try {
        const SafetensorsReader reader(std::move(bytes), "x");
        std::size_t total = 0;
        unsigned sum = 0;
        for (const TensorView& tensor : reader.tensors()) {
          total += tensor.bytes.size();
          for (const std::byte byte : tensor.bytes) sum += std::to_integer<unsigned>(byte);
        }
        volatile unsigned keep = sum;  // the sum reads every byte under the sanitizer
        (void)keep;
        if (total != 19) FAIL("byte " << at << " = " << value << ": " << total << " bytes");
      } catch (const FileError&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 10'000);
}
