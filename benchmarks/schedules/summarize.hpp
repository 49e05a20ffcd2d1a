#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Compares the runs in a grid's folder: writes summary.json and report.html there, prints the table on stdout, and on
/// stderr what runs are left out of it and why. The one place that a finished grid, and `schedules summarize`, are
/// reported from.
/// \param baseline the label of the group that all are compared with; as the report chooses if not given
/// \param only the hashes of the runs; all in the folder if not given
/// \return how many runs are left out
/// \throws bvae::FileError, also if no run can be read
/// \throws std::invalid_argument if no group has the baseline's label
std::size_t summarize(const std::filesystem::path& out, const std::optional<std::string>& baseline,
                      const std::optional<std::vector<std::string>>& only = std::nullopt);
