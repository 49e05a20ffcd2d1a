// Compresses bytes with zlib as one gzip member.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

inline std::vector<std::uint8_t> gzip_bytes(std::span<const std::uint8_t> bytes) {
  ::z_stream stream{};
  if (::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib");
  std::vector<std::uint8_t> out(::deflateBound(&stream, bytes.size()) + 32);
  stream.next_in = const_cast<::Bytef*>(bytes.data());
  stream.avail_in = static_cast<::uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<::uInt>(out.size());
  const int status = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("zlib");
  return out;
}
