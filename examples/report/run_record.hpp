#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace report {

using Json = nlohmann::ordered_json;

inline constexpr const char* kResultsFormat = "bvae-results-1";

/// "0.1.0"
std::string library_version();

/// One line of metrics.jsonl, as far as a report shows it. What was not a number then is null.
struct EpochLine {
  std::int64_t epoch = 0;
  std::optional<double> beta{};
  std::optional<double> reconstruction{};
  std::optional<double> kl{};
  std::optional<double> active_units{};
};

/// A run of the MNIST example that has come to its end.
struct RunRecord {
  std::filesystem::path folder{};
  std::string name{};  ///< of the folder, as UTF-8
  std::uint64_t seed = 0;
  Json config{};   ///< config.json, a flat object
  Json results{};  ///< results.json, checked: every key of the format is there and has its type
  std::vector<EpochLine> epochs{};
  std::vector<std::string> pictures{};   ///< names of the files, in the order to show them
  std::optional<std::string> stopped{};  ///< why the run ended early
};

/// Reads a run's folder: config.json, metrics.jsonl, results.json and the pictures, and that they belong together.
/// \throws bvae::FileError which says the file and what is wrong with it: it is missing, cut or damaged, has another
///         format or is another version's
RunRecord read_run(const std::filesystem::path& folder);

/// The bytes of a picture, which is a whole PNG.
/// \throws bvae::FileError
std::string read_picture(const std::filesystem::path& file);

}  // namespace report
