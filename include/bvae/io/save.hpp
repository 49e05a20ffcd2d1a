#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/io/safetensors_writer.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {
namespace detail {

/// Adds the tensors of an arena to `views`; those that the file has in another order or type are copied to `copies`,
/// which has room for them.
template <class Scalar>
[[gnu::cold]] void add_tensors(const std::vector<NamedTensor>& tensors, const Arena<Scalar>& arena,
                               std::vector<TensorView>& views, std::byte*& copies) {
  for (const auto& [name, info, offset] : tensors) {
    const auto size = static_cast<std::size_t>(info.size());
    const Scalar* values = arena.data() + offset;
    TensorView& view = views.emplace_back();
    view.name = name;
    view.type = info.whole_numbers ? TensorType::i64 : tensor_type_of<Scalar>();
    view.shape.assign(info.extents.begin(), info.extents.begin() + info.rank);
    view.bytes = {reinterpret_cast<const std::byte*>(values), size * type_bits(view.type) / 8};
    if (!info.whole_numbers && lies_as_in_file(info)) continue;
    view.bytes = {copies, view.bytes.size()};
    for_each_value(info, [&](Index file, Index memory) {
      if (info.whole_numbers) {
        const auto count = static_cast<std::int64_t>(values[memory]);
        std::memcpy(copies + file * static_cast<Index>(sizeof count), &count, sizeof count);
      } else {
        std::memcpy(copies + file * static_cast<Index>(sizeof(Scalar)), values + memory, sizeof(Scalar));
      }
    });
    copies += view.bytes.size();
  }
}

}  // namespace detail

/// Writes the model's parameters and state as safetensors with PyTorch's names, shapes and orders, so that
/// `module.load_state_dict(safetensors.torch.load_file(path))` takes it. Whole or not at all: an old file stays until
/// the new one is on disk. Needs Eigen only. The same model gives the same bytes.
///
/// \param metadata free text, stored beside the tensors
/// \throws FileError if the file cannot be written
template <class Model>
[[gnu::cold]] void save(const Model& model, const std::filesystem::path& path,
                        const std::map<std::string, std::string>& metadata = {}) {
  std::vector<TensorView> views;
  const auto copies =
      std::make_unique_for_overwrite<std::byte[]>((model.parameters().size() + model.state().size()) * 8);
  std::byte* next = copies.get();
  detail::add_tensors(Model::parameter_tensors(), model.parameters(), views, next);
  detail::add_tensors(Model::state_tensors(), model.state(), views, next);
  write_safetensors(path, views, metadata, "pt");  // the format that PyTorch's tools look for
}

}  // namespace bvae
