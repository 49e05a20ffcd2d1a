#include <bvae/core/errors.hpp>
#include <bvae/core/message.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "summary.hpp"

namespace report {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFailed = ".failed";

std::vector<fs::path> folders_of(const fs::path& grid_folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(grid_folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!entry->path().filename().string().starts_with('.') && entry->is_directory(ignored))
      folders.push_back(entry->path());
  }
  if (error)
    throw bvae::FileError(grid_folder.string(), bvae::FileError::kNoOffset, "a folder of runs", error.message());
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// Why a run failed, as far as its log's last line tells.
std::string last_line(const fs::path& log) {
  std::ifstream stream(log);
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = std::move(line);
  constexpr std::size_t kLongest = 300;
  if (last.size() > kLongest) last = last.substr(0, kLongest) + "...";
  return last.empty() ? "its log.txt says nothing" : last;
}

}  // namespace

Collection collect(const fs::path& grid_folder, const std::optional<std::vector<std::string>>& only) {
  Collection collection;
  std::map<std::string, std::string> known;
  for (const fs::path& folder : folders_of(grid_folder)) {
    const std::string name = folder.filename().string();
    const std::string run_name = name.ends_with(kFailed) ? name.substr(0, name.size() - kFailed.size()) : name;
    if (only && std::find(only->begin(), only->end(), run_name) == only->end()) continue;
    if (name.ends_with(kFailed)) {
      // Of a run that a later try has brought to its end, nothing is missing.
      if (!fs::exists(grid_folder / run_name))
        collection.excluded.push_back({name, "failed", last_line(folder / "log.txt")});
      continue;
    }
    try {
      if (fs::exists(folder / "config.json") && !fs::exists(folder / "results.json")) {
        collection.excluded.push_back({name, "unfinished", "it has no results.json, which is written last"});
        continue;
      }
      RunRecord run = read_run(folder);
      if (run.stopped) {
        collection.excluded.push_back({name, "stopped", *run.stopped});
        continue;
      }
      const auto [twin, is_new] = known.try_emplace(fingerprint(run), name);
      if (is_new) {
        collection.runs.push_back(std::move(run));
      } else {
        collection.excluded.push_back(
            {name, "repeated", bvae::message("same configuration and seed as ", twin->second)});
      }
    } catch (const bvae::FileError& error) {
      std::string reason = error.what();
      // The list names the folder already, and where it lies is of no use elsewhere.
      if (const std::string prefix = folder.string() + '/'; reason.starts_with(prefix)) reason.erase(0, prefix.size());
      collection.excluded.push_back({name, "unreadable", reason});
    }
  }
  return collection;
}

}  // namespace report
