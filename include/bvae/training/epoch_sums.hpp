/// How the record of an epoch comes from its steps: sums, weighted by the size of each batch, which become means.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bvae/core/rounding.hpp"
#include "bvae/training/event.hpp"
#include "bvae/training/history.hpp"

namespace bvae::detail {

[[gnu::cold]] inline void begin(EpochRecord& record, std::int64_t epoch, Index latents,
                                std::span<const DivergencePart> parts) {
  record.epoch = epoch;
  record.train_kl_per_latent.setZero(latents);
  for (const DivergencePart& part : parts) record.train_divergence_parts.push_back({part.name, 0});
}

/// \param kl_per_latent as many as begin() was told
inline void add(EpochRecord& record, const StepEnd& event, const double* kl_per_latent, Index samples) {
  const double weight = static_cast<double>(samples);
  record.beta = event.beta;
  record.learning_rate = event.learning_rate;
  record.gradient_norm += event.gradient_norm;
  record.train.objective += rounded(weight * event.losses.objective);
  record.train.reconstruction += rounded(weight * event.losses.reconstruction);
  record.train.divergence += rounded(weight * event.losses.divergence);
  record.train.kl += rounded(weight * event.losses.kl);
  double* const sums = record.train_kl_per_latent.data();
  for (Index d = 0; d < record.train_kl_per_latent.size(); ++d) sums[d] += rounded(weight * kl_per_latent[d]);
  for (std::size_t p = 0; p < event.divergence_parts.size(); ++p)
    record.train_divergence_parts[p].value += rounded(weight * event.divergence_parts[p].value);
}

[[gnu::cold]] inline void finish(EpochRecord& record, Index samples, const RunInfo& run) {
  const double n = static_cast<double>(samples);
  record.train.objective /= n;
  record.train.reconstruction /= n;
  record.train.divergence /= n;
  record.train.kl /= n;
  double* const means = record.train_kl_per_latent.data();
  for (Index d = 0; d < record.train_kl_per_latent.size(); ++d) means[d] /= n;
  for (DivergencePart& part : record.train_divergence_parts) part.value /= n;
  record.gradient_norm /= static_cast<double>(run.steps_per_epoch);
  record.beta_norm = record.beta * static_cast<double>(run.latents) / static_cast<double>(run.features);
  record.samples_per_second = n / std::max(record.seconds, 1e-9);
}

}  // namespace bvae::detail
