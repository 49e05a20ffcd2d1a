/// Needs nlohmann/json (header-only); not in the umbrella, so that core needs Eigen only.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
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

struct LoadOptions {
  /// What the file calls otherwise: the file's name, and the model's. A name that ends in a dot stands for all that
  /// begin with it, {{"module.features.", "features."}}, and so does the empty one: {{"", "features."}} puts
  /// "features." before every name. Where several entries match a name the longest of them counts. An entry that
  /// matches nothing is an error.
  std::map<std::string, std::string> names{};
  bool allow_others = false;  ///< the file may have tensors that the model does not have
};

namespace detail {

/// The file's tensors by the names that the model has for them.
class TensorsByName {
 public:
  TensorsByName(const SafetensorsReader& reader, const LoadOptions& options, std::string& problems) {
    std::set<std::string> used;
    for (const TensorView& view : reader.tensors()) {
      std::string name = view.name;
      for (const auto& [from, to] : options.names) {  // a longer match comes after the shorter ones
        const bool prefix = from.empty() || from.back() == '.';
        if (prefix ? !view.name.starts_with(from) : view.name != from) continue;
        name = prefix ? to + view.name.substr(from.size()) : to;
        used.insert(from);
      }
      if (!tensors_.emplace(name, &view).second) problems += message("; ", name, " twice");
    }
    for (const auto& [from, to] : options.names)
      if (!used.contains(from)) problems += message("; no ", from, " to be called ", to);
  }

  [[nodiscard]] const TensorView* find(const std::string& name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
  }
  [[nodiscard]] const std::map<std::string, const TensorView*>& all() const { return tensors_; }

 private:
  std::map<std::string, const TensorView*> tensors_;
};

/// What is wrong with a tensor of the file, or nothing.
template <class Scalar>
std::string problem_of(const NamedTensor& tensor, const TensorView* view) {
  const std::vector<std::int64_t> shape(tensor.info.extents.begin(), tensor.info.extents.begin() + tensor.info.rank);
  if (view == nullptr) return message("no ", tensor.name);
  std::string problem;
  if (tensor.info.whole_numbers ? view->type != TensorType::i64
                                : view->type != TensorType::f32 && view->type != TensorType::f64)
    problem =
        message(" of type ", type_name(view->type), " instead of ", tensor.info.whole_numbers ? "I64" : "F32 or F64");
  if (view->shape != shape)
    problem += message(problem.empty() ? " " : " and ", shape_text(view->shape), " instead of ", shape_text(shape));
  if (!problem.empty()) return tensor.name + problem;
  for (Index i = 0; i < tensor.info.size(); ++i)
    if (const Scalar value = value_at<Scalar>(*view, i); !std::isfinite(value))
      return message(tensor.name, " with ", std::isnan(value) ? "NaN" : "an infinite value", " at ", i);
  return {};
}

}  // namespace detail

/// Reads a file of `save`, or a PyTorch state dictionary of the same architecture in safetensors format; F32 and F64
/// values (I64 where PyTorch counts), converted to the model's scalar. All tensors must be there with their shapes and
/// finite values, and no others unless the options allow them. The model changes only if the whole file fits.
///
/// \throws FileError that lists every tensor that does not fit
template <class Model>
void load(Model& model, const std::filesystem::path& path, const LoadOptions& options = {}) {
  using Scalar = typename Model::Scalar;
  const SafetensorsReader reader(path);
  std::string problems;
  const detail::TensorsByName file(reader, options, problems);
  const std::vector<NamedTensor> parameters = Model::parameter_tensors();
  const std::vector<NamedTensor> state = Model::state_tensors();
  std::set<std::string> expected;
  for (const auto* tensors : {&parameters, &state})
    for (const NamedTensor& tensor : *tensors) {
      expected.insert(tensor.name);
      const std::string problem = detail::problem_of<Scalar>(tensor, file.find(tensor.name));
      if (!problem.empty()) problems += "; " + problem;
    }
  if (!options.allow_others)
    for (const auto& [name, view] : file.all())
      if (!expected.contains(name)) problems += message("; ", name, ", which the model does not have");
  if (!problems.empty())
    throw FileError(path.string(), FileError::kNoOffset, "the tensors of the model", problems.substr(2));

  const auto copy = [&](const std::vector<NamedTensor>& tensors, Arena<Scalar>& arena) {
    for (const NamedTensor& tensor : tensors) {
      const TensorView& view = *file.find(tensor.name);
      Scalar* values = arena.data() + tensor.offset;
      detail::for_each_value(tensor.info,
                             [&](Index at, Index memory) { values[memory] = detail::value_at<Scalar>(view, at); });
    }
  };
  copy(parameters, model.parameters());
  copy(state, model.state());
}

}  // namespace bvae
