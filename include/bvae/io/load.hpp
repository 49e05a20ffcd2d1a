/// Needs nlohmann/json (header-only); not in the umbrella, so that core needs Eigen only.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "bvae/core/errors.hpp"
#include "bvae/core/message.hpp"
#include "bvae/io/safetensors_reader.hpp"
#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/network.hpp"

namespace bvae {

namespace detail {

template <class Scalar>
Scalar value_at(const TensorView& view, Index i) {
  if (view.type == TensorType::i64) {
    std::int64_t value = 0;
    std::memcpy(&value, view.bytes.data() + static_cast<std::size_t>(i) * sizeof value, sizeof value);
    return static_cast<Scalar>(value);
  }
  if (view.type == TensorType::f64) {
    double value = 0;
    std::memcpy(&value, view.bytes.data() + static_cast<std::size_t>(i) * sizeof value, sizeof value);
    return static_cast<Scalar>(value);
  }
  float value = 0;
  std::memcpy(&value, view.bytes.data() + static_cast<std::size_t>(i) * sizeof value, sizeof value);
  return static_cast<Scalar>(value);
}

}  // namespace detail

/// Reads a file of `save`, or a PyTorch state dictionary of the same architecture in safetensors format; F32 and F64
/// values (I64 where PyTorch counts), converted to the model's scalar. All tensors must be there with their shapes, and
/// no others. The model changes only if the whole file fits.
///
/// \throws FileError that lists every tensor that does not fit
template <class Model>
void load(Model& model, const std::filesystem::path& path) {
  using Scalar = typename Model::Scalar;
  const SafetensorsReader reader(path);
  std::set<std::string> expected;
  std::string problems;
  const auto check = [&](const std::vector<NamedTensor>& tensors) {
    for (const NamedTensor& tensor : tensors) {
      expected.insert(tensor.name);
      const TensorView* view = reader.find(tensor.name);
      std::vector<std::int64_t> shape(tensor.info.extents.begin(), tensor.info.extents.begin() + tensor.info.rank);
      if (view == nullptr) {
        problems += message("; no ", tensor.name);
      } else if (tensor.info.whole_numbers ? view->type != TensorType::i64
                                           : view->type != TensorType::f32 && view->type != TensorType::f64) {
        problems += message("; ", tensor.name, " of type ", type_name(view->type), " instead of ",
                            tensor.info.whole_numbers ? "I64" : "F32 or F64");
      } else if (view->shape != shape) {
        problems +=
            message("; ", tensor.name, ' ', detail::shape_text(view->shape), " instead of ", detail::shape_text(shape));
      }
    }
  };
  const std::vector<NamedTensor> parameters = Model::parameter_tensors();
  const std::vector<NamedTensor> state = Model::state_tensors();
  check(parameters);
  check(state);
  for (const TensorView& view : reader.tensors())
    if (!expected.contains(view.name)) problems += message("; ", view.name, ", which the model does not have");
  if (!problems.empty())
    throw FileError(path.string(), FileError::kNoOffset, "the tensors of the model", problems.substr(2));

  const auto copy = [&](const std::vector<NamedTensor>& tensors, Arena<Scalar>& arena) {
    for (const NamedTensor& tensor : tensors) {
      const TensorView& view = *reader.find(tensor.name);
      Scalar* values = arena.data() + tensor.offset;
      detail::for_each_value(tensor.info,
                             [&](Index file, Index memory) { values[memory] = detail::value_at<Scalar>(view, file); });
    }
  };
  copy(parameters, model.parameters());
  copy(state, model.state());
}

}  // namespace bvae
