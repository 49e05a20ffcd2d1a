#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bvae/core/types.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/training/losses.hpp"

namespace bvae {

/// One finished epoch.
struct EpochRecord {
  std::int64_t epoch = 0;                ///< epochs done, this one included
  std::int64_t step = 0;                 ///< optimizer steps done
  double beta = 0;                       ///< of the epoch's last step
  double beta_norm = 0;                  ///< beta * latents / features (Higgins et al. 2017)
  double learning_rate = 0;              ///< of the epoch's last step
  double gradient_norm = 0;              ///< mean over the steps, before clipping
  Losses train{};                        ///< means over the epoch's samples, while the model was learning
  Vector<double> train_kl_per_latent{};  ///< likewise
  std::vector<DivergencePart> train_divergence_parts{};  ///< likewise, of what the divergence reports
  std::optional<Evaluation> validation{};                ///< on the validation set, with the weights after the epoch
  std::vector<double> schedule_state{};                  ///< of a feedback schedule, after the epoch; else empty
  double seconds = 0;                                    ///< of training, without the evaluation
  double samples_per_second = 0;
};

/// What `Trainer::fit` returns.
struct History {
  std::vector<EpochRecord> epochs{};
  std::int64_t steps = 0;  ///< optimizer steps done, those of an unfinished epoch included
  /// Of a feedback schedule after the last step; else empty. Its restore() takes it, to go on in another run.
  std::vector<double> schedule_state{};
  std::string stop_reason{};  ///< why training ended early; empty if it did not

  [[nodiscard]] bool stopped() const { return !stop_reason.empty(); }
};

}  // namespace bvae
