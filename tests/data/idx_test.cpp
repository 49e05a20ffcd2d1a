#include "bvae/data/idx.hpp"

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bvae/io/gzip.hpp"
#include "support/catch.hpp"
#include "support/gzip_bytes.hpp"
#include "support/temporary_folder.hpp"

using bvae::Dataset;
using bvae::FileError;
using Bytes = std::vector<std::uint8_t>;

namespace {

Bytes idx_bytes(std::uint8_t type, const std::vector<std::uint32_t>& dimensions, const Bytes& data) {
  Bytes bytes{0, 0, type, static_cast<std::uint8_t>(dimensions.size())};
  for (const std::uint32_t dimension : dimensions) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(dimension >> shift));
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

template <class Bits>
Bytes big_endian(const std::vector<Bits>& values) {
  Bytes bytes;
  for (const Bits value : values) {
    for (std::size_t i = sizeof(Bits); i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  return bytes;
}

// What loading these bytes as images fails with, after seeing that the gzipped file fails too; empty if both are read.
std::string error_of(const Bytes& bytes, bool labels = false) {
  const TemporaryFolder folder;
  const auto good = folder.write("good", idx_bytes(8, {2, 2, 3}, counting(12)));
  const auto load = [&](const std::filesystem::path& path) -> std::string {
    try {
      labels ? bvae::idx::load(good, path) : bvae::idx::load(path);
      return "";
    } catch (const FileError& error) {
      return error.what();
    }
  };
  const std::string plain = load(folder.write("plain-file", bytes));
  const std::string gzip = load(folder.write("gzip-file", gzip_bytes(bytes)));
  if (!plain.empty()) CHECK_THAT(plain, ContainsSubstring("plain-file"));
  if (!gzip.empty()) CHECK_THAT(gzip, ContainsSubstring("gzip-file"));
  CHECK(plain.empty() == gzip.empty());
  return plain;
}

}  // namespace

TEST_CASE("idx::load: reads images of every rank, plain and gzipped", "[data][idx]") {
  const TemporaryFolder folder;
  const auto check = [&](const std::vector<std::uint32_t>& dimensions, bvae::ImageExtents extents) {
    const Bytes bytes = idx_bytes(8, dimensions, counting(24));
    for (const auto& path : {folder.write("plain", bytes), folder.write("gzip", gzip_bytes(bytes))}) {
      const Dataset data = bvae::idx::load(path);
      CHECK(data.is_bytes());
      CHECK(data.size() == 2);
      CHECK(data.extents() == extents);
      CHECK(data.labels().empty());
      const auto second = data.columns<double>(1, 1);
      for (int i = 0; i < 12; ++i) CHECK(second(i, 0) == (12 + i) / 255.0);
    }
  };
  check({2, 12}, {.width = 12});
  check({2, 3, 4}, {.channels = 1, .height = 3, .width = 4});
  check({2, 2, 2, 3}, {.channels = 3, .height = 2, .width = 2});
}

TEST_CASE("idx::load: reads the labels with the images", "[data][idx]") {
  const TemporaryFolder folder;
  const auto images = folder.write("images", idx_bytes(8, {3, 2, 2}, counting(12)));
  const Bytes labels = idx_bytes(8, {3}, {9, 0, 255});
  for (const auto& path : {folder.write("plain", labels), folder.write("gzip", gzip_bytes(labels))}) {
    const Dataset data = bvae::idx::load(images, path);
    CHECK(Bytes(data.labels().begin(), data.labels().end()) == Bytes{9, 0, 255});
    CHECK(data.size() == 3);
  }
}

TEST_CASE("idx::load: floats and doubles are big endian", "[data][idx]") {
  const TemporaryFolder folder;
  const auto floats =
      bvae::idx::load(folder.write("f", idx_bytes(13, {2, 1, 1}, big_endian<std::uint32_t>({0x3f800000, 0xc0490fdb}))));
  CHECK(!floats.is_bytes());
  CHECK(floats.columns<float>(0, 2)(0, 0) == 1.0f);
  CHECK(floats.columns<float>(0, 2)(0, 1) == std::bit_cast<float>(0xc0490fdbu));
  const auto doubles = bvae::idx::load(folder.write(
      "d",
      gzip_bytes(idx_bytes(14, {1, 2}, big_endian(std::vector<std::uint64_t>{std::bit_cast<std::uint64_t>(0.1), 1})))));
  CHECK(doubles.columns<double>(0, 1)(0, 0) == 0.1);
  CHECK(doubles.columns<double>(0, 1)(1, 0) == std::numeric_limits<double>::denorm_min());
  CHECK_THAT(error_of(idx_bytes(13, {1, 2}, big_endian<std::uint32_t>({0, 0x7fc00000}))),
             ContainsSubstring("byte 16: expected finite values, found nan"));
  CHECK_THAT(error_of(idx_bytes(14, {1, 1}, big_endian(std::vector<std::uint64_t>{0xfff0000000000000}))),
             ContainsSubstring("found -inf"));
}

TEST_CASE("idx::load: refuses what is not an IDX file of images", "[data][idx]") {
  CHECK_THAT(error_of({}), ContainsSubstring("byte 0: expected an IDX header, found the end of the file"));
  CHECK_THAT(error_of({1, 0, 8, 3, 0, 0, 0, 1}), ContainsSubstring("two zero bytes), found 1 and 0"));
  CHECK_THAT(error_of({'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0}), ContainsSubstring("found 80 and 75"));
  CHECK_THAT(error_of(idx_bytes(0x0C, {1, 1}, Bytes(4))), ContainsSubstring("type 12 (32-bit integers)"));
  CHECK_THAT(error_of(idx_bytes(0x09, {1, 1}, Bytes(1))), ContainsSubstring("type 9 (signed bytes)"));
  CHECK_THAT(error_of(idx_bytes(0x0A, {1, 1}, Bytes(1))), ContainsSubstring("that the format does not have"));
  CHECK_THAT(error_of(idx_bytes(8, {}, {})), ContainsSubstring("found 0 dimensions"));
  CHECK_THAT(error_of(idx_bytes(8, {1, 1, 1, 1, 1}, Bytes(1))), ContainsSubstring("found 5 dimensions"));
  CHECK_THAT(error_of(idx_bytes(8, {3}, Bytes(3))), ContainsSubstring("is this the file of the labels?"));
}

TEST_CASE("idx::load: refuses labels that are none", "[data][idx]") {
  CHECK_THAT(error_of(idx_bytes(8, {2, 2, 3}, counting(12)), true),
             ContainsSubstring("is this the file of the images?"));
  CHECK_THAT(error_of(idx_bytes(13, {2}, Bytes(8)), true), ContainsSubstring("expected unsigned bytes (type 8)"));
  CHECK_THAT(error_of(idx_bytes(8, {2}, {1}), true), ContainsSubstring("expected 10 bytes"));
  CHECK_THAT(error_of(idx_bytes(8, {2}, {1, 2, 3}), true), ContainsSubstring("found 11"));
  CHECK(error_of(idx_bytes(8, {2}, {1, 2}), true).empty());
}

TEST_CASE("idx::load: names both files when their counts differ", "[data][idx]") {
  const TemporaryFolder folder;
  const auto images = folder.write("my-images", idx_bytes(8, {3, 2, 2}, counting(12)));
  const auto labels = folder.write("my-labels", idx_bytes(8, {2}, {1, 2}));
  CHECK_THROWS_AS(bvae::idx::load(images, labels), FileError);
  CHECK_THROWS_WITH(bvae::idx::load(images, labels),
                    ContainsSubstring("my-labels") && ContainsSubstring("my-images (3), found 2"));
}

TEST_CASE("idx::load: refuses sizes that the file does not fill", "[data][idx]") {
  SECTION("too short, at every byte") {
    const Bytes whole = idx_bytes(8, {2, 2, 3}, counting(12));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK(!error_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).empty());
    }
    CHECK_THAT(error_of(idx_bytes(8, {2, 2, 3}, counting(11))),
               ContainsSubstring("byte 27: expected 28 bytes for 2 x 2 x 3 elements and the header, found 27"));
  }
  SECTION("too long") {
    CHECK_THAT(error_of(idx_bytes(8, {2, 2, 3}, counting(13))),
               ContainsSubstring("expected 28 bytes") && ContainsSubstring("found 29"));
  }
  SECTION("dimensions that overflow") {
    CHECK_THAT(error_of(idx_bytes(8, {0xffffffff, 0xffffffff, 0xffffffff}, counting(12))),
               ContainsSubstring("dimensions of a file that can exist"));
    CHECK_THAT(error_of(idx_bytes(8, {0x80000000, 0x80000000, 4}, {})), ContainsSubstring("can exist"));  // wraps to 0
    CHECK_THAT(error_of(idx_bytes(14, {0x10000000, 0x10000000, 0x20}, {})), ContainsSubstring("can exist"));
    CHECK_THAT(error_of(idx_bytes(8, {60000, 0x7fffffff}, counting(12))), ContainsSubstring("found 24"));
  }
  SECTION("dimensions of 0") {
    CHECK_THAT(error_of(idx_bytes(8, {0, 2, 2}, {})), ContainsSubstring("byte 4: expected dimensions of 1 or more"));
    CHECK_THAT(error_of(idx_bytes(8, {2, 2, 0}, {})), ContainsSubstring("byte 12: expected dimensions of 1 or more"));
    CHECK_THAT(error_of(idx_bytes(8, {0}, {}), true), ContainsSubstring("dimensions of 1 or more"));
  }
}

TEST_CASE("idx::load: the header bounds what a gzip file may inflate to", "[data][idx]") {
  const TemporaryFolder folder;
  auto bomb = idx_bytes(8, {1, 10}, Bytes(50'000'000));
  CHECK_THROWS_WITH(bvae::idx::load(folder.write("bomb.gz", gzip_bytes(bomb))),
                    ContainsSubstring("bomb.gz") && ContainsSubstring("at most 22 bytes"));
  const auto promise = gzip_bytes(idx_bytes(8, {0x7fffffff, 0x7fffffff}, counting(10)));
  CHECK_THROWS_WITH(bvae::idx::load(folder.write("promise.gz", promise)), ContainsSubstring("found 22"));
}

TEST_CASE("idx::load: a gzip file cut at any byte, or with any byte changed, is refused or read", "[data][idx]") {
  const TemporaryFolder folder;
  const Bytes whole = gzip_bytes(idx_bytes(8, {2, 2, 3}, counting(12)));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = folder.write("cut", Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK_THROWS_AS(bvae::idx::load(path), FileError);
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes bytes = whole;
    bytes[at] ^= 0x55;
    const auto path = folder.write("changed", bytes);
    try {
      if (bvae::idx::load(path).size() != 2) FAIL("byte " << at);
    } catch (const FileError&) {
    }
  }
}

TEST_CASE("idx::load: a file with any header byte changed is refused or read, in bounds", "[data][idx]") {
  const TemporaryFolder folder;
  const Bytes whole = idx_bytes(8, {2, 2, 3}, counting(12));
  for (std::size_t at = 0; at < 16; ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes bytes = whole;
      bytes[at] = static_cast<std::uint8_t>(value);
      const auto path = folder.write("changed", bytes);
      try {
        const Dataset data = bvae::idx::load(path);
        if (data.size() * data.features() > 24) FAIL("byte " << at << " = " << value);
      } catch (const FileError&) {
      }
    }
  }
}

TEST_CASE("idx::load: without zlib a gzip file says what to do", "[data][idx]") {
  const TemporaryFolder folder;
  const auto path = folder.write("digits.gz", gzip_bytes(idx_bytes(8, {1, 1}, {1})));
  const auto saved = bvae::detail::inflater;
  bvae::detail::inflater = nullptr;
  CHECK_THROWS_WITH(bvae::idx::load(path), ContainsSubstring("digits.gz") && ContainsSubstring("bvae/io/gzip.hpp"));
  bvae::detail::inflater = saved;
  CHECK(bvae::idx::load(path).size() == 1);
  CHECK_THROWS_AS(bvae::idx::load(folder / "missing"), FileError);
  CHECK_THROWS_AS(bvae::idx::load(folder.path()), FileError);
}
