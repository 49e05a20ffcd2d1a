#pragma once

#include <filesystem>

#include "data_source.hpp"
#include "options.hpp"

/// What a model needs for its run.
struct Experiment {
  const Options& options;
  const Digits& digits;
  const std::filesystem::path& folder;  ///< takes the results
};

/// Train a model, write everything into the folder, and print a summary. One source file for each model.
/// \throws bvae::DivergedError, bvae::FileError; the model as it was before the error is saved
void run_conv(const Experiment& experiment);
void run_mlp(const Experiment& experiment);
void run_mlp2d(const Experiment& experiment);
void run_mlp_bn(const Experiment& experiment);
void run_mlp_deep(const Experiment& experiment);
void run_mlp_ln(const Experiment& experiment);
void run_mlp_sn(const Experiment& experiment);
void run_resnet(const Experiment& experiment);
