#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/io/safetensors_writer.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {

/// Writes the model's parameters and state as safetensors with PyTorch's names, shapes and orders, so that
/// `module.load_state_dict(safetensors.torch.load_file(path))` takes it. Whole or not at all: an old file stays until
/// the new one is on disk. Needs Eigen only. The same model gives the same bytes.
///
/// \param metadata free text, stored beside the tensors
/// \throws FileError if the file cannot be written
template <class Model>
void save(const Model& model, const std::filesystem::path& path, std::map<std::string, std::string> metadata = {}) {
  using Scalar = typename Model::Scalar;
  std::vector<TensorView> views;
  std::list<std::vector<Scalar>> reordered;
  const auto add = [&](const std::vector<NamedTensor>& tensors, const Arena<Scalar>& arena) {
    for (const NamedTensor& tensor : tensors) {
      const Scalar* values = arena.data() + tensor.offset;
      if (!detail::lies_as_in_file(tensor.info)) {
        std::vector<Scalar>& copy = reordered.emplace_back(static_cast<std::size_t>(tensor.info.size()));
        detail::for_each_value(
            tensor.info, [&](Index file, Index memory) { copy[static_cast<std::size_t>(file)] = values[memory]; });
        values = copy.data();
      }
      std::vector<std::int64_t> shape(tensor.info.extents.begin(), tensor.info.extents.begin() + tensor.info.rank);
      views.push_back(
          TensorView::of<Scalar>(tensor.name, std::move(shape),
                                 std::span<const Scalar>(values, static_cast<std::size_t>(tensor.info.size()))));
    }
  };
  add(Model::parameter_tensors(), model.parameters());
  add(Model::state_tensors(), model.state());
  metadata.emplace("format", "pt");  // what PyTorch's tools look for
  write_safetensors(path, views, metadata);
}

}  // namespace bvae
