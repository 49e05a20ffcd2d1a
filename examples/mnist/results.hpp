#pragma once

#include <bvae/metrics/evaluation.hpp>
#include <bvae/training/event.hpp>
#include <bvae/training/history.hpp>

#include <filesystem>
#include <optional>
#include <vector>

#include "summary.hpp"

/// What training itself was.
struct Training {
  bvae::History history{};
  std::optional<double> beta{};  ///< of the last step
  /// Beta at up to 400 steps, evenly spread, and where they are: the epochs that had passed.
  std::vector<double> schedule_epoch{};
  std::vector<double> schedule_beta{};

  void remember(const bvae::StepEnd& step);
};

/// Writes results.json. The last file of a run: one that has it is done.
/// \param is_density whether the reconstruction is in nats, so that there is an ELBO
/// \throws bvae::FileError
void write_results(const std::filesystem::path& folder, const bvae::Evaluation& test, bool is_density,
                   const Findings& findings, const Training& training);
