/// Writing safetensors files (https://github.com/huggingface/safetensors). Needs no JSON library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bvae/core/json_writer.hpp"
#include "bvae/core/message.hpp"
#include "bvae/io/atomic_file.hpp"
#include "bvae/io/tensor_view.hpp"

namespace bvae {
namespace detail {

[[gnu::cold]] inline void check_tensor(const TensorView& tensor) {
  const auto refuse = [&](std::string_view reason) {
    std::string name;
    append_json_string(name, tensor.name);
    throw std::invalid_argument(message("write_safetensors: tensor ", name, ' ', reason));
  };
  if (tensor.name == "__metadata__") refuse("has the name of the metadata");
  if (!is_utf8(tensor.name) || tensor.name.find('\0') != std::string::npos) refuse("has a name that is not UTF-8 text");
  const auto bytes = byte_count(tensor.type, tensor.shape);
  const auto what = [&] { return message(type_name(tensor.type), shape_text(tensor.shape)); };
  if (!bytes) refuse(message("cannot have the type and shape ", what()));
  if (*bytes != tensor.bytes.size())
    refuse(message("of ", what(), " needs ", *bytes, " bytes and has ", tensor.bytes.size()));
}

/// The length, the JSON header and its padding. `order` must be the order of the data. `format`, if not null, is one
/// more entry of the metadata, unless it has one of that name.
[[gnu::cold]] inline std::string safetensors_header(std::span<const TensorView* const> order,
                                                    const std::map<std::string, std::string>& metadata,
                                                    const char* format) {
  JsonObject header;
  if (!metadata.empty() || format != nullptr) {
    JsonObject inner;
    const auto add_format = [&] {
      if (format != nullptr) inner.add("format", std::string_view(format));
      format = nullptr;
    };
    for (const auto& [name, value] : metadata) {
      if (!is_utf8(name) || !is_utf8(value) || name.find('\0') != std::string::npos) {
        throw std::invalid_argument("write_safetensors: the metadata must be UTF-8 text");
      }
      if (name == "format") format = nullptr;
      if (name > "format") add_format();
      inner.add(std::string_view(name), std::string_view(value));
    }
    add_format();
    header.add("__metadata__", inner);
  }
  std::uint64_t begin = 0;
  for (const TensorView* tensor : order) {
    const std::uint64_t end = begin + tensor->bytes.size();
    header.add(std::string_view(tensor->name), JsonObject{}
                                                   .add("dtype", type_name(tensor->type))
                                                   .add("shape", tensor->shape)
                                                   .add("data_offsets", std::array{begin, end}));
    begin = end;
  }
  std::string text = header.text();
  append(text, std::string_view("       ", (8 - text.size() % 8) % 8));
  if (text.size() > kSafetensorsMaxHeader) {
    throw std::invalid_argument("write_safetensors: the header would exceed the format's 100,000,000 bytes");
  }
  char length[8];
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return message(std::string_view(length, 8), text);
}

}  // namespace detail

/// Writes tensors as one safetensors file, whole or not at all (see AtomicFile).
///
/// The same tensors give the same bytes in whatever order they come: the data is sorted by type (64-bit types first, so
/// that each tensor is aligned for its own type) and then by name, the metadata by name, as the format's own library
/// does it. The data goes from the caller's memory to the file; only the header is built in memory.
///
/// \param metadata text for `__metadata__`, which is left out if there is none
/// \param format   text for its entry "format", unless `metadata` has one; null: none
///
/// \throws std::invalid_argument if a name is given twice or is not UTF-8, or bytes and shape disagree; nothing is
/// written then
/// \throws FileError if the file cannot be written; a file that was there before is untouched
[[gnu::cold]] inline void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                                            const std::map<std::string, std::string>& metadata = {},
                                            const char* format = nullptr) {
  // The order by insertion, which compiles to a tenth of what std::sort does.
  const auto order = std::make_unique_for_overwrite<const TensorView*[]>(tensors.size());
  for (std::size_t count = 0; count < tensors.size(); ++count) {
    const TensorView& tensor = tensors[count];
    detail::check_tensor(tensor);
    std::size_t place = count;
    for (std::size_t i = count; i-- > 0;) {
      const TensorView& other = *order[i];
      if (other.name == tensor.name)
        throw std::invalid_argument(message("write_safetensors: two tensors have the name \"", tensor.name, '"'));
      if (other.type != tensor.type ? other.type < tensor.type : other.name > tensor.name) place = i;
    }
    for (std::size_t i = count; i > place; --i) order[i] = order[i - 1];
    order[place] = &tensor;
  }

  const std::string header = detail::safetensors_header({order.get(), tensors.size()}, metadata, format);
  AtomicFile file(path);
  file.write(header);
  for (std::size_t i = 0; i < tensors.size(); ++i) file.write(order[i]->bytes);
  file.commit();
}

}  // namespace bvae
