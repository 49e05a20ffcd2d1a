#pragma once

#include <filesystem>
#include <stdexcept>

#include "data_source.hpp"
#include "options.hpp"

/// The folder of the results cannot be made.
struct NoRunFolder : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Makes the folder of the results and returns its name. An earlier run's files in it are removed, so that a folder
/// never mixes two runs.
/// \throws NoRunFolder
std::filesystem::path make_run_folder(const Options& options, const Digits& digits);

/// What config.json says about the model.
struct ModelSize {
  std::int64_t latents = 0;
  std::int64_t features = 0;
  std::int64_t parameters = 0;
};

/// Writes config.json: every option as it was resolved.
/// \throws bvae::FileError
void write_config(const std::filesystem::path& folder, const Options& options, const Digits& digits, ModelSize model);
