#include "bvae/core/file.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

TEST_CASE("read_file: gives every byte of a file", "[core][file]") {
  const TemporaryFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65535}, std::size_t{65536},
                                 std::size_t{65537}, std::size_t{300000}}) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
    CHECK(bvae::read_file(folder.write("file", bytes)) == bytes);
  }
}

TEST_CASE("read_file: names the file and the reason", "[core][file]") {
  const TemporaryFolder folder;
  const auto missing = folder / "missing.gz";
  CHECK_THROWS_WITH(bvae::read_file(missing),
                    ContainsSubstring(missing.string()) && ContainsSubstring("No such file or directory"));
  CHECK_THROWS_WITH(bvae::read_file(folder.path()), ContainsSubstring("Is a directory"));
  const auto file = folder.write("file", std::string("x"));
  CHECK_THROWS_WITH(bvae::read_file(file / "below"), ContainsSubstring("Not a directory"));
  CHECK_THROWS_AS(bvae::read_file(missing), bvae::FileError);
}

TEST_CASE("read_file: reads files whose size is told wrongly", "[core][file]") {
  const TemporaryFolder folder;
  SECTION("a pipe has no size") {
    const auto pipe = folder / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << std::string(200000, 'x'); });
    const auto bytes = bvae::read_file(pipe);
    writer.join();
    CHECK(bytes == std::vector<std::uint8_t>(200000, 'x'));
  }
  SECTION("files of the kernel say 0") {
    if (std::filesystem::exists("/proc/self/status")) CHECK(!bvae::read_file("/proc/self/status").empty());
  }
}

TEST_CASE("read_maybe_gzip: without an inflater a gzip file says what to do", "[core][file]") {
  const TemporaryFolder folder;
  const auto saved = bvae::detail::inflater;  // another test of this program may have registered one
  bvae::detail::inflater = nullptr;
  const auto file = folder.write("digits.gz", std::vector<std::uint8_t>{0x1f, 0x8b, 8, 0});
  CHECK_THROWS_WITH(bvae::read_maybe_gzip(file), ContainsSubstring("digits.gz") &&
                                                     ContainsSubstring("bvae/io/gzip.hpp") &&
                                                     ContainsSubstring("link zlib") && ContainsSubstring("gunzip"));
  CHECK_THROWS_AS(bvae::read_maybe_gzip(file), bvae::FileError);
  CHECK(bvae::read_maybe_gzip(folder.write("plain", std::string("abc"))) == std::vector<std::uint8_t>{'a', 'b', 'c'});
  bvae::detail::inflater = saved;
}
