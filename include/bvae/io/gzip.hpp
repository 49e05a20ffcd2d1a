/// Lets every reader of bvae accept gzip files. Needs zlib (-lz).
///
/// Including this header in one source file is all there is to do: it registers an inflater with core/file.hpp before
/// main() begins. (In a static library that source file must also be one which the program links in.)
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bvae/core/file.hpp"
#include "bvae/core/message.hpp"

namespace bvae {
namespace detail {

/// Owns zlib's state for one stream.
class InflateStream {
 public:
  explicit InflateStream(const std::string& file) {
    constexpr int kGzipOnly = 15 + 16;  // the largest window, and a gzip (not zlib) header
    if (::inflateInit2(&stream, kGzipOnly) != Z_OK) {
      throw FileError(file, FileError::kNoOffset, "zlib to start", "that it failed (out of memory?)");
    }
  }
  ~InflateStream() { ::inflateEnd(&stream); }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  ::z_stream stream{};
};

/// See `gunzip` in core/file.hpp for the contract. Several gzip members one after another are one file, as gzip(1) has
/// it.
inline std::vector<std::uint8_t> inflate_gzip(const std::string& file, std::span<const std::uint8_t> gzip,
                                              std::uint64_t limit, AtLimit at_limit) {
  constexpr std::uint64_t kFirstChunk = std::uint64_t{1} << 16;
  constexpr std::size_t kMost = std::numeric_limits<::uInt>::max();  // zlib counts in 32 bits
  // One byte above the limit shows that the stream holds more.
  const std::uint64_t capacity = limit == kNoLimit ? limit : limit + 1;

  InflateStream owner(file);
  ::z_stream& stream = owner.stream;
  std::vector<std::uint8_t> out;
  std::size_t used = 0;
  std::size_t consumed = 0;
  const auto fail = [&](std::string_view expected, std::string_view found) {
    throw FileError(file, static_cast<std::int64_t>(consumed), std::string(expected), std::string(found));
  };

  while (true) {
    if (used == out.size()) {
      // The buffer doubles at most, so it stays below twice what the stream has filled. reserve() first, because
      // resize() alone would round the capacity up.
      const std::uint64_t more = std::min(capacity, std::max(kFirstChunk, 2 * static_cast<std::uint64_t>(used)));
      out.reserve(static_cast<std::size_t>(more));
      out.resize(static_cast<std::size_t>(more));
    }
    const std::size_t input = std::min(gzip.size() - consumed, kMost);
    const std::size_t room = std::min(out.size() - used, kMost);
    stream.next_in =
        const_cast<::Bytef*>(gzip.data() + consumed);  // zlib's interface predates const, it does not write
    stream.avail_in = static_cast<::uInt>(input);
    stream.next_out = out.data() + used;
    stream.avail_out = static_cast<::uInt>(room);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    consumed += input - stream.avail_in;
    used += room - stream.avail_out;

    if (used > limit) {
      if (at_limit == AtLimit::kFail) fail(message("at most ", limit, " bytes after inflating"), "more");
      out.resize(static_cast<std::size_t>(limit));
      return out;
    }
    if (status == Z_STREAM_END) {
      if (consumed == gzip.size()) break;
      if (!is_gzip(gzip.subspan(consumed))) {
        fail("the end of the file after the gzip stream", message(gzip.size() - consumed, " bytes that are not gzip"));
      }
      ::inflateReset(&stream);
    } else if (status == Z_MEM_ERROR) {
      fail("enough memory to inflate", "too little");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail("a valid gzip stream", stream.msg != nullptr ? message('"', stream.msg, '"') : "a corrupt one");
    } else if (consumed == gzip.size() && stream.avail_out != 0) {
      fail("the rest of the gzip stream", "the end of the file (cut short?)");
    }
  }
  out.resize(used);
  return out;
}

inline const bool kGzipRegistered = (inflater = &inflate_gzip, true);

}  // namespace detail
}  // namespace bvae
