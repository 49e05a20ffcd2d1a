#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "summary.hpp"

namespace report {

struct SummaryOptions {
  std::optional<std::string> baseline{};           ///< a group's label; see baselines() if not given
  std::optional<std::vector<std::string>> only{};  ///< names of run folders; all in the grid's folder if not given
};

struct SummaryOutcome {
  std::string table{};               ///< for the terminal
  std::vector<Excluded> excluded{};  ///< runs that are in no mean
};

/// Writes summary.json and report.html into the folder of a grid, from all runs in it that are done.
/// \throws bvae::FileError if no run can be read or a file not be written
/// \throws std::invalid_argument for a baseline that there is not
SummaryOutcome summarize(const std::filesystem::path& grid_folder, const SummaryOptions& options = {});

/// Writes report.html into the folder of one run, which is done, or was stopped early.
/// \throws bvae::FileError
void write_report(const std::filesystem::path& run_folder);

}  // namespace report
