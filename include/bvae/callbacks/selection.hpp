#pragma once

#include <limits>
#include <optional>

#include "bvae/core/rounding.hpp"
#include "bvae/training/event.hpp"

namespace bvae {

/// By what epochs are compared: reconstruction + beta * plain KL at one fixed beta, on the validation set if there is
/// one. Never the annealed objective, and never inside a schedule's ramp: while beta still changes, epochs are not
/// comparable.
struct Selection {
  std::optional<double> beta{};  ///< default: the schedule's beta at the end of training; 1 selects by the ELBO

  /// The smaller the better; nothing if this epoch does not count.
  [[nodiscard]] std::optional<double> score(const EpochEnd& e) const {
    if (!e.beta_settled) return std::nullopt;
    const double fixed = beta.value_or(e.run.final_beta);
    const double value = e.record.validation ? e.record.validation->objective(fixed)
                                             : e.record.train.reconstruction + rounded(fixed * e.record.train.kl);
    return value == value ? value : std::numeric_limits<double>::infinity();
  }
};

}  // namespace bvae
