/// Reading whole files, gzipped ones too where zlib is linked.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "bvae/core/errors.hpp"

namespace bvae {

/// What `gunzip` does when the inflated bytes would exceed the caller's limit.
enum class AtLimit {
  kFail,  ///< throw FileError
  kStop,  ///< return the first `limit` bytes and leave the rest of the stream unread and unchecked
};

/// For readers that accept any number of inflated bytes. Use it for files you trust only: gzip can inflate a
/// thousandfold.
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

namespace detail {

using Inflater = std::vector<std::uint8_t> (*)(const std::string& file, std::span<const std::uint8_t> gzip,
                                               std::uint64_t limit, AtLimit at_limit);

/// The core needs nothing but Eigen, so it cannot call zlib. <bvae/io/gzip.hpp> can: a program that includes it in any
/// of its source files stores its inflater here before main() begins (this pointer is set to null at compile time, so
/// the order in which source files are initialised does not matter). Everything that reads through `read_maybe_gzip`
/// then accepts gzip.
inline Inflater inflater = nullptr;

[[gnu::cold]] inline std::string error_text(int error_number) { return std::generic_category().message(error_number); }

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace detail

/// All bytes of a file (or of a pipe, until it ends).
///
/// The size which the file system tells is only the first guess for the buffer; what is read decides.
/// \throws FileError if the file is missing, is a folder or cannot be read
[[gnu::cold]] inline std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  constexpr std::size_t kChunk = std::size_t{1} << 16;
  const auto fail = [&](int error_number) {
    throw FileError(path.string(), FileError::kNoOffset, "a readable file", detail::error_text(error_number));
  };
  errno = 0;
  const std::unique_ptr<std::FILE, detail::CloseFile> file(std::fopen(path.string().c_str(), "rb"));
  if (!file) fail(errno);

  std::error_code ignored;
  const std::uintmax_t told = std::filesystem::is_regular_file(path, ignored) ? file_size(path, ignored) : 0;
  std::vector<std::uint8_t> bytes;
  // One byte more than told, so that the first read also meets the end of the file.
  bytes.resize(!ignored && told > 0 && told < bytes.max_size() ? static_cast<std::size_t>(told) + 1 : kChunk);
  std::size_t used = 0;
  while (true) {
    used += std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
    if (std::ferror(file.get()) != 0) fail(errno);
    if (used < bytes.size()) break;
    bytes.resize(2 * used);
  }
  bytes.resize(used);
  return bytes;
}

/// Whether these bytes begin as every gzip file does (1f 8b).
[[nodiscard]] inline bool is_gzip(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/// Inflates gzip bytes that were read from `file` (the name is for messages only).
///
/// \param limit the largest number of bytes that the caller will accept; memory never exceeds it, and grows only with
/// what
///              the stream really holds
/// \throws FileError if the program has no inflater, if the stream is cut short or corrupt, if something follows it
/// that is
///         not gzip, and (with AtLimit::kFail) if it holds more than `limit` bytes
inline std::vector<std::uint8_t> gunzip(const std::string& file, std::span<const std::uint8_t> gzip,
                                        std::uint64_t limit = kNoLimit, AtLimit at_limit = AtLimit::kFail) {
  if (detail::inflater == nullptr) {
    throw FileError(file, FileError::kNoOffset, "a file that is not compressed",
                    "a gzip file, which this program cannot inflate: include <bvae/io/gzip.hpp> in one of its source "
                    "files and link zlib (-lz), or run gunzip on the file");
  }
  return detail::inflater(file, gzip, limit, at_limit);
}

/// All bytes of a file, inflated if it begins as gzip does. See `read_file` and `gunzip` for what is thrown.
/// \param limit the largest number of inflated bytes that the caller will accept; does not apply to plain files, whose
/// size
///              on disk bounds them already
inline std::vector<std::uint8_t> read_maybe_gzip(const std::filesystem::path& path, std::uint64_t limit = kNoLimit) {
  std::vector<std::uint8_t> bytes = read_file(path);
  if (is_gzip(bytes)) return gunzip(path.string(), bytes, limit);
  return bytes;
}

}  // namespace bvae
