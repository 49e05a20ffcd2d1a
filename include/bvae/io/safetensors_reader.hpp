/// Reading safetensors files (https://github.com/huggingface/safetensors), trusting nothing in them. Needs
/// nlohmann_json.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bvae/core/errors.hpp"
#include "bvae/core/file.hpp"
#include "bvae/core/message.hpp"
#include "bvae/io/safetensors_header.hpp"
#include "bvae/io/tensor_view.hpp"

namespace bvae {

/// A safetensors file in memory: its tensors are views into it.
///
/// Everything the file says is checked before a tensor can be seen: the tensors cover the data exactly, each has the
/// bytes that its type and shape ask for, names are unique. Values are not looked at (NaN is a value). Stricter than
/// the format's own library in three points: unknown members of a tensor, names with NUL and more than 64 dimensions
/// are refused. Memory: the file's bytes once, and names and shapes for a small multiple of the JSON header (at most
/// 100 MB). Reading one object from several threads is safe. Moving it keeps the views valid.
class SafetensorsReader {
 public:
  /// \throws FileError if the file cannot be read or breaks any rule of the format
  explicit SafetensorsReader(const std::filesystem::path& path) : SafetensorsReader(read_file(path), path.string()) {}

  /// The same for a file that is in memory already; `file` is its name for messages.
  SafetensorsReader(std::vector<std::uint8_t> bytes, std::string file)
      : bytes_(std::move(bytes)), file_(std::move(file)) {
    const std::size_t data_begin = 8 + header_length();
    const std::string_view header(reinterpret_cast<const char*>(bytes_.data()) + 8, data_begin - 8);
    const auto data = std::as_bytes(std::span(bytes_)).subspan(data_begin);
    auto parsed = detail::SafetensorsHeaderParser(header, data, file_).parse();
    tensors_ = std::move(parsed.tensors);
    metadata_ = std::move(parsed.metadata);
    check_cover(data);
    index_names();
  }

  SafetensorsReader(const SafetensorsReader&) = delete;
  SafetensorsReader& operator=(const SafetensorsReader&) = delete;
  SafetensorsReader(SafetensorsReader&&) = default;
  SafetensorsReader& operator=(SafetensorsReader&&) = default;

  /// All tensors, in the order of their data in the file.
  [[nodiscard]] std::span<const TensorView> tensors() const noexcept { return tensors_; }

  /// The tensor with this name, or null.
  [[nodiscard]] const TensorView* find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(by_name_, name, {}, [&](auto i) { return name_of(i); });
    return found != by_name_.end() && name_of(*found) == name ? &tensors_[*found] : nullptr;
  }

  /// The file's `__metadata__`, empty if it has none.
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }

  /// The file's name, for messages.
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  [[noreturn, gnu::cold]] void fail(std::size_t offset, std::string_view expected, std::string_view found) const {
    throw FileError(file_, static_cast<std::int64_t>(offset), std::string(expected), std::string(found));
  }

  std::string_view name_of(std::uint32_t index) const { return tensors_[index].name; }

  std::size_t header_length() const {
    if (bytes_.size() < 8) fail(0, "8 bytes that tell the header's length", message(bytes_.size(), " bytes"));
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < 8; ++i) length |= std::uint64_t{bytes_[i]} << (8 * i);
    if (length > detail::kSafetensorsMaxHeader) {
      fail(0, "a header of at most 100000000 bytes", message(length));
    }
    const std::size_t rest = bytes_.size() - 8;
    if (length > rest) fail(0, message("a header within the ", rest, " bytes that follow"), message(length));
    return static_cast<std::size_t>(length);
  }

  /// No byte of the data belongs to two tensors or to none: such a file could be two things to two readers.
  void check_cover(std::span<const std::byte> data) {
    std::ranges::sort(tensors_, {}, [](const TensorView& tensor) {
      return std::pair(tensor.bytes.data(), tensor.bytes.size());  // an empty tensor goes before the one it touches
    });
    const std::size_t data_begin = bytes_.size() - data.size();
    std::size_t covered = 0;
    for (const TensorView& tensor : tensors_) {
      const auto begin = static_cast<std::size_t>(tensor.bytes.data() - data.data());
      if (begin != covered) {
        fail(data_begin + begin,
             message("the data_offsets of tensor ", detail::quote_for_message(tensor.name), " to begin at ", covered,
                     ", where the data before it ends"),
             message(begin, begin < covered ? " (tensors overlap)" : " (unused bytes)"));
      }
      covered += tensor.bytes.size();
    }
    if (covered != data.size()) {
      fail(data_begin + covered, "the end of the file after the last tensor",
           message(data.size() - covered, " more bytes"));
    }
  }

  void index_names() {
    const auto name = [&](std::uint32_t i) { return name_of(i); };
    by_name_.resize(tensors_.size());  // each took dozens of bytes of a header below 100 MB: 32 bits count them
    std::iota(by_name_.begin(), by_name_.end(), std::uint32_t{0});
    std::ranges::sort(by_name_, {}, name);
    const auto twice = std::ranges::adjacent_find(by_name_, {}, name);
    if (twice != by_name_.end()) {
      fail(8, "each tensor name once", message(detail::quote_for_message(name_of(*twice)), " twice"));
    }
  }

  std::vector<std::uint8_t> bytes_;
  std::string file_;
  std::vector<TensorView> tensors_;
  std::vector<std::uint32_t> by_name_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace bvae
