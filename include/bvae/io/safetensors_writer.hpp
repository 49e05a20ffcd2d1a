/// Writing safetensors files (https://github.com/huggingface/safetensors). Needs no JSON library.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bvae/core/json_writer.hpp"
#include "bvae/io/atomic_file.hpp"
#include "bvae/io/tensor_view.hpp"

namespace bvae {
namespace detail {

inline void check_tensor(const TensorView& tensor) {
  const auto refuse = [&](const std::string& reason) {
    std::string name;
    append_json_string(name, tensor.name);
    throw std::invalid_argument("write_safetensors: tensor " + name + ' ' + reason);
  };
  if (tensor.name == "__metadata__") refuse("has the name of the metadata");
  if (!is_utf8(tensor.name) || tensor.name.find('\0') != std::string::npos) refuse("has a name that is not UTF-8 text");
  const auto bytes = byte_count(tensor.type, tensor.shape);
  const std::string what = std::string(type_name(tensor.type)) + shape_text(tensor.shape);
  if (!bytes) refuse("cannot have the type and shape " + what);
  if (*bytes != tensor.bytes.size()) {
    refuse("of " + what + " needs " + std::to_string(*bytes) + " bytes and has " + std::to_string(tensor.bytes.size()));
  }
}

/// The length, the JSON header and its padding. `order` must be the order of the data.
inline std::string safetensors_header(std::span<const TensorView* const> order,
                                      const std::map<std::string, std::string>& metadata) {
  JsonObject header;
  if (!metadata.empty()) {
    JsonObject inner;
    for (const auto& [name, value] : metadata) {
      if (!is_utf8(name) || !is_utf8(value) || name.find('\0') != std::string::npos) {
        throw std::invalid_argument("write_safetensors: the metadata must be UTF-8 text");
      }
      inner.add(name, value);
    }
    header.add("__metadata__", inner);
  }
  std::uint64_t begin = 0;
  for (const TensorView* tensor : order) {
    const std::uint64_t end = begin + tensor->bytes.size();
    header.add(tensor->name, JsonObject{}
                                 .add("dtype", type_name(tensor->type))
                                 .add("shape", tensor->shape)
                                 .add("data_offsets", std::array{begin, end}));
    begin = end;
  }
  std::string text = header.text();
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > kSafetensorsMaxHeader) {
    throw std::invalid_argument("write_safetensors: the header would exceed the format's 100,000,000 bytes");
  }
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return out + text;
}

}  // namespace detail

/// Writes tensors as one safetensors file, whole or not at all (see AtomicFile).
///
/// The same tensors give the same bytes in whatever order they come: the data is sorted by type (64-bit types first, so
/// that each tensor is aligned for its own type) and then by name, the metadata by name, as the format's own library
/// does it. The data goes from the caller's memory to the file; only the header is built in memory. \param metadata
/// text for `__metadata__`, left out if empty \throws std::invalid_argument if a name is given twice or is not UTF-8,
/// or bytes and shape disagree; nothing is written then \throws FileError if the file cannot be written; a file that
/// was there before is untouched
inline void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  std::vector<const TensorView*> order;
  order.reserve(tensors.size());
  for (const TensorView& tensor : tensors) {
    detail::check_tensor(tensor);
    order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, &TensorView::name);
  const auto twice = std::ranges::adjacent_find(order, {}, &TensorView::name);
  if (twice != order.end()) {
    throw std::invalid_argument("write_safetensors: two tensors have the name \"" + (*twice)->name + '"');
  }
  std::ranges::stable_sort(order, std::ranges::greater{}, &TensorView::type);

  const std::string header = detail::safetensors_header(order, metadata);
  AtomicFile file(path);
  file.write(header);
  for (const TensorView* tensor : order) file.write(tensor->bytes);
  file.commit();
}

}  // namespace bvae
