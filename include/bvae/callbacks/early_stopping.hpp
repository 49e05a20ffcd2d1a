#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "bvae/callbacks/selection.hpp"
#include "bvae/core/message.hpp"

namespace bvae {

/// Ends training when `patience` epochs in a row have not improved the score by more than `min_delta` nats (see
/// Selection). Epochs in a schedule's ramp neither count nor set a best score.
struct EarlyStopping {
  std::int64_t patience = 5;  ///< epochs, >= 1
  double min_delta = 0.0;     ///< nats, >= 0
  Selection selection{};

  // What it has seen.
  double best_score = std::numeric_limits<double>::infinity();
  std::int64_t best_epoch = 0;
  std::int64_t waited = 0;

  void operator()(const FitBegin&) {
    if (patience < 1) throw std::invalid_argument("EarlyStopping: patience must be at least 1");
    if (!(min_delta >= 0)) throw std::invalid_argument("EarlyStopping: min_delta must not be negative");
    best_score = std::numeric_limits<double>::infinity();
    best_epoch = 0;
    waited = 0;
  }

  void operator()(const EpochEnd& e) {
    const auto score = selection.score(e);
    if (!score) return;
    if (*score < best_score - (std::isinf(best_score) ? 0.0 : min_delta)) {
      best_score = *score;
      best_epoch = e.record.epoch;
      waited = 0;
      return;
    }
    if (++waited >= patience)
      e.control.stop(
          message("early stopping: reconstruction + beta * KL at beta = ", selection.beta.value_or(e.run.final_beta),
                  " has not improved for ", patience, " epochs; the best was ", best_score, " in epoch ", best_epoch));
  }
};

}  // namespace bvae
