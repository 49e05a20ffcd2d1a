/// The JSON header of a safetensors file, parsed and checked. Needs nlohmann_json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bvae/core/errors.hpp"
#include "bvae/core/json_writer.hpp"
#include "bvae/core/message.hpp"
#include "bvae/io/tensor_view.hpp"

namespace bvae::detail {

struct SafetensorsHeader {
  std::vector<TensorView> tensors;  ///< in the order of the header
  std::map<std::string, std::string> metadata;
};

/// Text from a file in a message: in quotes, escaped, and cut if it is long.
[[gnu::cold]] inline std::string quote_for_message(std::string_view text) {
  constexpr std::size_t kMost = 80;
  std::string out;
  append_json_string(out, text.substr(0, kMost));
  if (text.size() > kMost) out += "...";
  return out;
}

/// Walks through the header and tells how far the parser has read, which the parser itself tells for syntax errors
/// only.
struct HeaderIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** reached;

  reference operator*() const { return *at; }
  HeaderIterator& operator++() {
    *reached = ++at;
    return *this;
  }
  bool operator==(const HeaderIterator& other) const { return at == other.at; }
};

/// Receives the events of nlohmann::json's parser (its SAX interface). No tree is built, the parser does not recurse,
/// and the first value that the format has no place for ends the parsing, so neither depth nor length of hostile input
/// costs anything.
class SafetensorsHeaderParser {
 public:
  /// \param text the header without its length; it begins at byte 8 of the file
  /// \param data all that follows the header
  SafetensorsHeaderParser(std::string_view text, std::span<const std::byte> data, const std::string& file)
      : text_(text), data_(data), file_(file), reached_(text.data()) {}

  /// \throws FileError at the first thing that breaks a rule
  SafetensorsHeader parse() {
    // Two things that this JSON parser would let pass: a byte order mark in front, and anything at all behind a NUL
    // byte.
    const std::size_t begin = text_.find_first_not_of(kSpace);
    if (begin == std::string_view::npos || text_[begin] != '{') {
      fail_at(begin == std::string_view::npos ? text_.size() : begin, "a JSON object", "something else");
    }
    const char* const end = text_.data() + text_.size();
    nlohmann::json::sax_parse(HeaderIterator{text_.data(), &reached_}, HeaderIterator{end, &reached_}, this);
    const std::size_t behind = text_.find_first_not_of(kSpace, object_end_);
    if (behind != std::string_view::npos) fail_at(behind, "nothing but spaces after the header's object", "more");
    return std::move(header_);
  }

  // The events. Each returns true ("go on") or throws.
  bool null() { return refuse("null"); }
  bool boolean(bool value) { return refuse(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return refuse(message(value)); }
  bool number_float(double, const std::string& text) { return refuse(quote_for_message(text)); }
  bool binary(nlohmann::json::binary_t&) { return refuse("binary data"); }

  bool number_unsigned(std::uint64_t value) {
    if (place_ == Place::kShape) {
      constexpr std::size_t kMaxRank = 64;  // NumPy's; keeps "[0,0,0,..." from filling the memory
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return refuse(message(value));
      if (tensor_.shape.size() == kMaxRank) fail_tensor("at most 64 dimensions", "more");
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ == Place::kOffsets) {
      if (offsets_.size() == 2) fail_tensor("two data_offsets", "more");
      offsets_.push_back(value);
      return true;
    }
    return refuse(message(value));
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      if (!header_.metadata.emplace(name_, std::move(value)).second) {
        fail("each name once in __metadata__", message(quote_for_message(name_), " twice"));
      }
      return true;
    }
    if (place_ != Place::kEntry || field_ != kType) return refuse(message("the string ", quote_for_message(value)));
    const auto type = find_tensor_type(value);
    if (!type) fail_tensor("a dtype of the format", quote_for_message(value));
    if (type_bits(*type) % 8 != 0) {
      fail_tensor("a dtype of whole bytes", message(value, ", which the format has and bvae does not support"));
    }
    tensor_.type = *type;
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && name_ == kMetadata) {
      if (std::exchange(has_metadata_, true)) fail("__metadata__ once", "it twice");
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      place_ = Place::kEntry;
      tensor_ = TensorView{};
      offsets_.clear();
      fields_ = 0;
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(std::string& name) {
    if (place_ != Place::kEntry) {
      if (name.find('\0') != std::string::npos) fail("a name without NUL", quote_for_message(name));
      name_ = std::move(name);
      return true;
    }
    field_ = name == "dtype" ? kType : name == "shape" ? kShape : name == "data_offsets" ? kOffsets : 0;
    if (field_ == 0) fail_tensor("dtype, shape or data_offsets", quote_for_message(name));
    if ((fields_ & field_) != 0) fail_tensor(message(name, " once"), "it twice");
    fields_ |= field_;
    return true;
  }

  bool end_object() {
    if (place_ == Place::kEntry) finish_tensor();
    if (place_ == Place::kTop) object_end_ = static_cast<std::size_t>(reached_ - text_.data());
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::kEntry || field_ == kType) return refuse("an array");
    place_ = field_ == kShape ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() {
    if (place_ == Place::kOffsets && offsets_.size() != 2) {
      fail_tensor("two data_offsets", message(offsets_.size()));
    }
    place_ = Place::kEntry;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    constexpr std::size_t kMost = 200;  // the message repeats the input
    std::string what = error.what();
    if (what.size() > kMost) what.replace(kMost, std::string::npos, "...");
    fail_at(position > 0 ? position - 1 : 0, "valid JSON", what);
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kEntry, kShape, kOffsets };
  static constexpr unsigned kType = 1, kShape = 2, kOffsets = 4;
  static constexpr std::string_view kMetadata = "__metadata__";
  static constexpr std::string_view kSpace = " \t\n\r";

  [[noreturn, gnu::cold]] void fail_at(std::size_t position, std::string_view expected, std::string_view found) const {
    throw FileError(file_, static_cast<std::int64_t>(8 + position), std::string(expected), std::string(found));
  }

  /// Fails where the parser stands, at most one byte behind the cause.
  [[noreturn, gnu::cold]] void fail(std::string_view expected, std::string_view found) const {
    const auto read = static_cast<std::size_t>(reached_ - text_.data());
    fail_at(read > 0 ? read - 1 : 0, expected, found);
  }

  /// The same for an error in a tensor's entry.
  [[noreturn, gnu::cold]] void fail_tensor(std::string_view expected, std::string_view found) const {
    fail(message(expected, " of tensor ", quote_for_message(name_)), found);
  }

  /// A value came where it has no place.
  [[noreturn, gnu::cold]] bool refuse(std::string_view found) const {
    switch (place_) {
      case Place::kOutside:
        fail("a JSON object", found);
      case Place::kTop:
        if (name_ == kMetadata) fail("an object of strings for __metadata__", found);
        fail_tensor("an object with dtype, shape and data_offsets", found);
      case Place::kMetadata:
        fail(message("a string for ", quote_for_message(name_), " in __metadata__"), found);
      case Place::kShape:
        fail_tensor("whole numbers from 0 to 2^63-1 in the shape", found);
      case Place::kOffsets:
        fail_tensor("whole numbers from 0 to 2^64-1 in the data_offsets", found);
      case Place::kEntry:
        break;
    }
    fail_tensor(field_ == kType    ? "a string as dtype"
                : field_ == kShape ? "an array as shape"
                                   : "an array as data_offsets",
                found);
  }

  void finish_tensor() {
    if (fields_ != (kType | kShape | kOffsets)) {
      const char* missing = (fields_ & kType) == 0    ? "no dtype"
                            : (fields_ & kShape) == 0 ? "no shape"
                                                      : "no data_offsets";
      fail_tensor("dtype, shape and data_offsets", missing);
    }
    const std::uint64_t begin = offsets_[0];
    const std::uint64_t end = offsets_[1];
    const auto offsets = [&] { return message('[', begin, ',', end, ']'); };
    if (begin > end || end > data_.size()) {
      fail_tensor(message("ascending data_offsets within the ", data_.size(), " bytes of data"), offsets());
    }
    const auto what = [&] { return message(type_name(tensor_.type), shape_text(tensor_.shape)); };
    const auto bytes = byte_count(tensor_.type, tensor_.shape);
    if (!bytes) fail_tensor("a shape whose bytes can be counted in 64 bits", what());
    if (*bytes != end - begin) {
      fail_tensor(message(*bytes, " bytes for ", what()), message(end - begin, " in data_offsets ", offsets()));
    }
    tensor_.name = name_;
    tensor_.bytes = data_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    header_.tensors.push_back(std::move(tensor_));
  }

  std::string_view text_;
  std::span<const std::byte> data_;
  const std::string& file_;
  const char* reached_;
  std::size_t object_end_ = 0;
  Place place_ = Place::kOutside;
  bool has_metadata_ = false;
  unsigned field_ = 0;   // of the entry: the one whose value comes next
  unsigned fields_ = 0;  // of the entry: those seen
  std::string name_;     // of the tensor, or of the metadata's member
  TensorView tensor_;
  std::vector<std::uint64_t> offsets_;
  SafetensorsHeader header_;
};

}  // namespace bvae::detail
