/// Reading IDX files, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/core/errors.hpp"
#include "bvae/core/file.hpp"
#include "bvae/core/message.hpp"
#include "bvae/data/dataset.hpp"

namespace bvae {
namespace detail {

/// What an IDX file says about itself: two zero bytes, the type of its elements, the number of its dimensions, and each
/// of these as 4 bytes, big endian. The elements follow, row-major.
struct IdxHeader {
  static constexpr std::size_t kMaxBytes = 4 + 4 * 4;

  std::uint8_t type = 0;
  std::size_t rank = 0;
  std::array<std::uint32_t, 4> sizes{};  // the first `rank` count

  [[nodiscard]] std::span<const std::uint32_t> dimensions() const { return {sizes.data(), rank}; }
  [[nodiscard]] std::size_t bytes() const { return 4 + 4 * rank; }
  [[nodiscard, gnu::cold]] std::string text() const {
    std::string out;
    for (const std::uint32_t dimension : dimensions()) {
      if (!out.empty()) out += " x ";
      out += std::to_string(dimension);
    }
    return out;
  }
};

/// One IDX file, checked against its own header.
class IdxFile {
 public:
  static constexpr std::uint8_t kByte = 0x08, kFloat = 0x0D, kDouble = 0x0E;

  /// \param labels whether one number per sample is asked for, or samples of several
  [[gnu::cold]] IdxFile(const std::filesystem::path& path, bool labels)
      : name_(path.string()), bytes_(read_file(path)) {
    const bool gzip = is_gzip(bytes_);
    // A gzip file may inflate to anything, so the header is inflated first, and tells how much to accept of the rest.
    if (gzip) {
      header_ = parse_header(gunzip(name_, bytes_, IdxHeader::kMaxBytes, AtLimit::kStop), labels);
    } else {
      header_ = parse_header(bytes_, labels);
    }
    const std::uint64_t size = expected_size();
    if (gzip) bytes_ = gunzip(name_, bytes_, size);
    if (bytes_.size() != size) {
      fail(std::min<std::uint64_t>(bytes_.size(), size),
           message(size, " bytes for ", header_.text(), " elements and the header"), message(bytes_.size()));
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint8_t type() const { return header_.type; }
  /// Number of samples.
  [[nodiscard]] std::uint32_t count() const { return header_.sizes[0]; }

  /// The dimensions behind the first. IDX stores a colour image as height, width, channel: bvae's own order.
  [[nodiscard]] ImageExtents extents() const {
    const std::span<const std::uint32_t> d = header_.dimensions();
    if (d.size() == 2) return {.width = d[1]};
    return {.channels = d.size() == 4 ? d[3] : 1, .height = d[1], .width = d[2]};
  }

  /// Gives the elements away; they are not copied.
  [[nodiscard]] std::vector<std::uint8_t> take_bytes() && {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(header_.bytes()));
    return std::move(bytes_);
  }

  template <class Value>
  [[nodiscard]] std::vector<Value> values() const {
    using Bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;
    std::vector<Value> out((bytes_.size() - header_.bytes()) / sizeof(Value));
    std::size_t at = header_.bytes();
    for (Value& value : out) {
      Bits bits = 0;
      for (std::size_t i = 0; i < sizeof(Value); ++i) bits = static_cast<Bits>(bits << 8 | bytes_[at + i]);
      value = std::bit_cast<Value>(bits);
      if (!std::isfinite(value)) fail(at, "finite values", message(value));
      at += sizeof(Value);
    }
    return out;
  }

  [[noreturn, gnu::cold]] void fail(std::uint64_t offset, std::string_view expected, std::string_view found) const {
    throw FileError(name_, static_cast<std::int64_t>(offset), std::string(expected), std::string(found));
  }

 private:
  [[gnu::cold]] IdxHeader parse_header(std::span<const std::uint8_t> bytes, bool labels) const {
    if (bytes.size() < 4) fail(bytes.size(), "an IDX header", "the end of the file");
    if (bytes[0] != 0 || bytes[1] != 0) {
      fail(0, "an IDX file (beginning with two zero bytes)", message(bytes[0], " and ", bytes[1]));
    }
    IdxHeader header;
    header.type = bytes[2];
    const std::size_t rank = bytes[3];
    check_type(header.type, labels);
    if (labels && rank != 1)
      fail(3, "labels (1 dimension)", message(rank, " dimensions; is this the file of the images?"));
    if (!labels && rank == 1) fail(3, "images (2 to 4 dimensions)", "1 dimension; is this the file of the labels?");
    if (!labels && (rank < 2 || rank > 4)) fail(3, "images (2 to 4 dimensions)", message(rank, " dimensions"));
    for (std::size_t i = 0; i < rank; ++i) {
      const std::size_t at = 4 + 4 * i;
      if (bytes.size() < at + 4) fail(bytes.size(), message(rank, " dimensions of 4 bytes"), "the end of the file");
      std::uint32_t dimension = 0;
      for (std::size_t k = 0; k < 4; ++k) dimension = dimension << 8 | bytes[at + k];
      if (dimension == 0) fail(at, "dimensions of 1 or more", "0");
      header.sizes[header.rank++] = dimension;
    }
    return header;
  }

  [[gnu::cold]] void check_type(std::uint8_t type, bool labels) const {
    if (type == kByte || (!labels && (type == kFloat || type == kDouble))) return;
    const char* name = type == 0x09   ? "signed bytes"
                       : type == 0x0B ? "16-bit integers"
                       : type == 0x0C ? "32-bit integers"
                       : type == 0x0D ? "floats"
                       : type == 0x0E ? "doubles"
                                      : "a type that the format does not have";
    fail(2, labels ? "unsigned bytes (type 8)" : "unsigned bytes, floats or doubles (type 8, 13 or 14)",
         message("type ", type, " (", name, ')'));
  }

  [[gnu::cold]] std::uint64_t expected_size() const {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 62;  // far above any file, and no sum below wraps
    std::uint64_t size = header_.type == kByte ? 1 : header_.type == kFloat ? 4 : 8;
    for (const std::uint32_t dimension : header_.dimensions()) {
      if (size > kMost / dimension) fail(4, "dimensions of a file that can exist", header_.text());
      size *= dimension;
    }
    return size + header_.bytes();
  }

  std::string name_;
  std::vector<std::uint8_t> bytes_;
  IdxHeader header_;
};

inline Dataset make_idx_dataset(IdxFile images, std::vector<std::uint8_t> labels) {
  const ImageExtents extents = images.extents();
  if (images.type() == IdxFile::kFloat) return Dataset::from_values(images.values<float>(), extents, std::move(labels));
  if (images.type() == IdxFile::kDouble)
    return Dataset::from_values(images.values<double>(), extents, std::move(labels));
  return Dataset::from_bytes(std::move(images).take_bytes(), extents, std::move(labels));
}

}  // namespace detail

namespace idx {

/// The images (or other samples) of an IDX file, plain or, if the program includes <bvae/io/gzip.hpp>, gzipped.
///
/// Bytes stay bytes, floats and doubles are kept as such; integers of other sizes are refused. Dimensions: (samples,
/// features), (samples, height, width) or (samples, height, width, channels). Memory: at most about twice the file (a
/// gzip file's content and itself); what the header says about sizes is believed only as far as the file fills it.
/// \throws FileError if the file cannot be read, is no IDX file, is shorter or longer than its header says, holds no
/// sample or a
///         value that is not finite
inline Dataset load(const std::filesystem::path& images) {
  return detail::make_idx_dataset(detail::IdxFile(images, false), {});
}

/// The same with the labels of the images, bytes in an IDX file of one dimension.
/// \throws FileError also if there are not as many labels as images
inline Dataset load(const std::filesystem::path& images, const std::filesystem::path& labels) {
  detail::IdxFile label_file(labels, true);
  detail::IdxFile image_file(images, false);
  if (label_file.count() != image_file.count()) {
    label_file.fail(4,
                    message("as many labels as there are images in ", image_file.name(), " (", image_file.count(), ')'),
                    message(label_file.count()));
  }
  return detail::make_idx_dataset(std::move(image_file), std::move(label_file).take_bytes());
}

}  // namespace idx
}  // namespace bvae
