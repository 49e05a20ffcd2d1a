#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/io/safetensors_writer.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {
namespace detail {

/// Adds the tensors of an arena to `views`; those that the file has in another order or type are copied.
template <class Scalar>
[[gnu::cold]] void add_tensors(const std::vector<NamedTensor>& tensors, const Arena<Scalar>& arena,
                               std::vector<TensorView>& views, std::vector<std::vector<Scalar>>& reordered,
                               std::vector<std::vector<std::int64_t>>& counts) {
  for (const auto& [name, info, offset] : tensors) {
    const auto size = static_cast<std::size_t>(info.size());
    const Scalar* values = arena.data() + offset;
    if (info.whole_numbers) {
      counts.emplace_back(values, values + size);
      views.push_back(TensorView::of(name, {info.extents.begin(), info.extents.begin() + info.rank},
                                     std::span<const std::int64_t>(counts.back())));
      continue;
    }
    if (!lies_as_in_file(info)) {
      std::vector<Scalar> copy(size);
      for_each_value(info, [&](Index file, Index memory) { copy[static_cast<std::size_t>(file)] = values[memory]; });
      reordered.push_back(std::move(copy));
      values = reordered.back().data();
    }
    views.push_back(TensorView::of(name, {info.extents.begin(), info.extents.begin() + info.rank},
                                   std::span<const Scalar>(values, size)));
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
                        std::map<std::string, std::string> metadata = {}) {
  std::vector<TensorView> views;
  std::vector<std::vector<typename Model::Scalar>> reordered;
  std::vector<std::vector<std::int64_t>> counts;
  detail::add_tensors(Model::parameter_tensors(), model.parameters(), views, reordered, counts);
  detail::add_tensors(Model::state_tensors(), model.state(), views, reordered, counts);
  metadata.emplace("format", "pt");  // what PyTorch's tools look for
  write_safetensors(path, views, metadata);
}

}  // namespace bvae
