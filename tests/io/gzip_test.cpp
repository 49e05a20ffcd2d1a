#include "bvae/io/gzip.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/gzip_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace {

std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint32_t state = 1;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 27);
  return bytes;
}

}  // namespace

TEST_CASE("gunzip: gives back what was compressed", "[io][gzip]") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65536}, std::size_t{1000000}}) {
    const auto bytes = pattern(size);
    CHECK(bvae::gunzip("x", gzip_bytes(bytes)) == bytes);
    CHECK(bvae::gunzip("x", gzip_bytes(bytes), size) == bytes);  // a limit that just fits
  }
}

TEST_CASE("read_maybe_gzip: inflates once gzip.hpp is included", "[io][gzip]") {
  const TemporaryFolder folder;
  const auto bytes = pattern(1000);
  CHECK(bvae::read_maybe_gzip(folder.write("x.gz", gzip_bytes(bytes))) == bytes);
  CHECK(bvae::read_maybe_gzip(folder.write("x", bytes), 10) == bytes);  // plain files are bounded by their size on disk
}

TEST_CASE("gunzip: several members are one file", "[io][gzip]") {
  auto both = gzip_bytes(pattern(70000));
  const auto second = gzip_bytes(std::vector<std::uint8_t>{7, 8, 9});
  const auto empty = gzip_bytes({});
  both.insert(both.end(), empty.begin(), empty.end());
  both.insert(both.end(), second.begin(), second.end());
  auto expected = pattern(70000);
  expected.insert(expected.end(), {7, 8, 9});
  CHECK(bvae::gunzip("x", both) == expected);
  CHECK(bvae::gunzip("x", both, expected.size()) == expected);
}

TEST_CASE("gunzip: a bomb is stopped at the limit", "[io][gzip]") {
  const auto bomb = gzip_bytes(std::vector<std::uint8_t>(50'000'000));
  REQUIRE(bomb.size() < 60'000);
  CHECK_THROWS_WITH(bvae::gunzip("bomb.gz", bomb, 1000),
                    ContainsSubstring("bomb.gz") && ContainsSubstring("at most 1000 bytes"));
  CHECK_THROWS_AS(bvae::gunzip("bomb.gz", bomb, 49'999'999), bvae::FileError);
  CHECK_THROWS_AS(bvae::gunzip("bomb.gz", bomb, 0), bvae::FileError);
  const auto beginning = bvae::gunzip("bomb.gz", bomb, 1000, bvae::AtLimit::kStop);
  CHECK(beginning.size() == 1000);
  CHECK(beginning.capacity() <= 1001);
  CHECK(bvae::gunzip("bomb.gz", bomb).size() == 50'000'000);
}

TEST_CASE("gunzip: a large limit allocates no more than the stream fills", "[io][gzip]") {
  const auto bytes = bvae::gunzip("x", gzip_bytes(pattern(100)), std::uint64_t{1} << 40);
  CHECK(bytes.size() == 100);
  CHECK(bytes.capacity() <= 65536);
}

TEST_CASE("gunzip: refuses streams that are cut short, at every byte", "[io][gzip]") {
  const auto whole = gzip_bytes(pattern(300));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut at byte " << size);
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_WITH(bvae::gunzip("cut.gz", cut), ContainsSubstring("the end of the file"));
  }
}

TEST_CASE("gunzip: refuses what follows the stream and is not gzip", "[io][gzip]") {
  auto bytes = gzip_bytes(pattern(300));
  bytes.push_back(0x1f);
  CHECK_THROWS_WITH(bvae::gunzip("x.gz", bytes), ContainsSubstring("1 bytes that are not gzip"));
  bytes.back() = 0;
  CHECK_THROWS_AS(bvae::gunzip("x.gz", bytes), bvae::FileError);
}

TEST_CASE("gunzip: a flipped byte is found by the checksum or does no harm", "[io][gzip]") {
  const auto content = pattern(300);
  const auto whole = gzip_bytes(content);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] ^= 0xff;
    INFO("flipped byte " << at);
    if (at >= 4 && at < 10) {  // time, flags and system: not covered by the checksum, not used
      CHECK(bvae::gunzip("x.gz", bytes, 1000) == content);
    } else {
      CHECK_THROWS_AS(bvae::gunzip("x.gz", bytes, 1000), bvae::FileError);
    }
  }
}
