#pragma once

#include <filesystem>

/// Says on stdout what the runs in a grid's folder have found. The one place that a finished grid, and
/// `schedules summarize`, are reported from.
/// \throws bvae::FileError
void summarize(const std::filesystem::path& out);
