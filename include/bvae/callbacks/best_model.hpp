#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
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

  void operator()(const FitEnd& e) const {
    if (best_epoch == 0) return;
    std::copy(parameters.begin(), parameters.end(), e.parameters.begin());
    std::copy(state.begin(), state.end(), e.state.begin());
  }
};

}  // namespace bvae
