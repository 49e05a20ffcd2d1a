#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "bvae/callbacks/selection.hpp"

namespace bvae {

/// Keeps a copy of the parameters of the best epoch (see Selection) and puts them into the model when training ends. If
/// no epoch counted (the schedule never settled), the model keeps its last parameters.
struct BestModel {
  Selection selection{};

  // What it has seen.
  double best_score = std::numeric_limits<double>::infinity();
  std::int64_t best_epoch = 0;  ///< 0: none
  std::vector<std::byte> parameters{};
  std::vector<std::byte> state{};

  void operator()(const FitBegin&) {
    best_score = std::numeric_limits<double>::infinity();
    best_epoch = 0;
  }

  void operator()(const EpochEnd& e) {
    const auto score = selection.score(e);
    if (!score || !(*score < best_score)) return;
    best_score = *score;
    best_epoch = e.record.epoch;
    parameters.assign(e.parameters.begin(), e.parameters.end());
    state.assign(e.state.begin(), e.state.end());
  }

  void operator()(const FitEnd& e) const { put_back(e.parameters, e.state); }

  /// The same by hand: after an exception there is no FitEnd, but a BestModel that lives outside fit() still has the
  /// best parameters.
  template <class Model>
  void restore(Model& model) const {
    put_back(std::as_writable_bytes(std::span(model.parameters())), std::as_writable_bytes(std::span(model.state())));
  }

 private:
  void put_back(std::span<std::byte> to_parameters, std::span<std::byte> to_state) const {
    if (best_epoch == 0) return;
    if (to_parameters.size() != parameters.size() || to_state.size() != state.size())
      throw std::invalid_argument("BestModel: this is another kind of model");
    std::copy(parameters.begin(), parameters.end(), to_parameters.begin());
    std::copy(state.begin(), state.end(), to_state.begin());
  }
};

}  // namespace bvae
