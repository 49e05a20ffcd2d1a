/// What lies in the folder of a grid.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

enum class State {
  kDone,          ///< whole results of this version
  kToDo,          ///< nothing there
  kFailed,        ///< the last try failed: to do
  kInterrupted,   ///< begun and not ended: to do
  kRunning,       ///< another process has it
  kDamaged,       ///< results that cannot be read: left alone
  kOtherVersion,  ///< results of another version of the library: left alone
};

/// "other version"
std::string_view name(State state);

struct Finding {
  State state = State::kToDo;
  std::string problem{};         ///< of kDamaged and kOtherVersion: what is wrong, and what to do
  std::optional<double> elbo{};  ///< of kDone, where there is one
};

/// Whether a run's folder holds the results of a run that came to its end.
Finding read_results(const std::filesystem::path& folder);

/// The same, and that all else is there which the report on it needs.
Finding read_whole_run(const std::filesystem::path& folder);

/// The state of a run in a grid's folder, which need not exist.
Finding look(const std::filesystem::path& out, const std::string& hash);
