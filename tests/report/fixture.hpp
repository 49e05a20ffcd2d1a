// Run folders for tests, small and complete.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

/// What one run has in place of the fixture's own values.
struct FakeRun {
  std::string schedule = "constant";
  std::uint64_t seed = 0;
  double reconstruction = 80;
  double kl = 25;
  int active_units = 3;
  int epochs = 4;
  nlohmann::ordered_json config{};   ///< keys to set
  nlohmann::ordered_json results{};  ///< keys to set
};

/// Writes config.json, metrics.jsonl, results.json and the pictures.
void write_fake_run(const std::filesystem::path& folder, const FakeRun& run);

void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);

/// Puts `after` in the place of `before`, which must be there.
void change(const std::filesystem::path& file, const std::string& before, const std::string& after);
