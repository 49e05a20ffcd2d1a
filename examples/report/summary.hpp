#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "groups.hpp"
#include "run_record.hpp"

namespace report {

inline constexpr const char* kSummaryFormat = "bvae-summary-1";

/// A folder whose run is no part of the means, and why.
struct Excluded {
  std::string folder{};
  std::string state{};  ///< "unreadable", "unfinished", "failed", "stopped" or "repeated"
  std::string reason{};
};

/// The runs of a folder.
struct Collection {
  std::vector<RunRecord> runs{};  ///< in the order of their folders' names
  std::vector<Excluded> excluded{};
};

/// Reads every run in the folder. One that cannot be read harms none of the others. Hidden folders are no runs.
/// \throws bvae::FileError if the folder itself cannot be read
/// \param only the names of the runs to look at; all if not given
Collection collect(const std::filesystem::path& grid_folder,
                   const std::optional<std::vector<std::string>>& only = std::nullopt);

/// summary.json: the groups, their means and intervals, what was compared with what, every run.
/// \param single_run whether it is the report on one run alone
/// \throws std::invalid_argument if no group has the label `baseline`
Json summarise(const Collection& collection, const std::optional<std::string>& baseline, bool single_run);

/// The bytes of summary.json. No '<' is in them, so that a page can hold them as they are.
std::string text_of(const Json& summary);

/// What a terminal shows: a line for each group.
std::string table_of(const Json& summary);

}  // namespace report
