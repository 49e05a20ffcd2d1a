#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run_record.hpp"

namespace report {

/// Runs that differ in nothing but their seed.
struct Group {
  std::string label{};              ///< "warmup, beta 4": unique among the groups
  Json config{};                    ///< what its runs share
  Json differing{};                 ///< those keys of it in which the groups differ; null where it has no such key
  std::vector<std::size_t> runs{};  ///< by seed; indices into the runs that were grouped
};

/// What says only which of equal runs it is, where it ran and how its data were named.
bool is_of_the_run_alone(const std::string& key);

/// Sorted by schedule (constant first), beta, free bits, then by what else differs. Every seed of a group must be there
/// only once, see fingerprint().
std::vector<Group> make_groups(const std::vector<RunRecord>& runs);

/// The same for two runs exactly if they have the same configuration and the same seed. Both found the same then, and
/// counting the second would make the intervals too narrow.
std::string fingerprint(const RunRecord& run);

/// What each group is compared with, as an index; nothing for one that is compared with none.
///
/// By default the constant schedule without free bits at the same beta and the same else; for that group itself, and
/// where there is none, the first group on the same data.
/// \throws std::invalid_argument if `label` is given and no group has it
std::vector<std::optional<std::size_t>> baselines(const std::vector<Group>& groups,
                                                  const std::optional<std::string>& label);

}  // namespace report
