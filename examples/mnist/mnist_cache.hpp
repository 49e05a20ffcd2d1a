/// Where the four files of a data set are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

inline constexpr const char* kTrainImages = "train-images-idx3-ubyte";
inline constexpr const char* kTrainLabels = "train-labels-idx1-ubyte";
inline constexpr const char* kTestImages = "t10k-images-idx3-ubyte";
inline constexpr const char* kTestLabels = "t10k-labels-idx1-ubyte";

/// The file itself or the one with .gz.
std::optional<std::filesystem::path> find_data(const std::filesystem::path& folder, const std::string& name);

/// Where examples/mnist/run.sh puts MNIST. Nothing if the user has no home.
std::optional<std::filesystem::path> cache_folder();

/// The first of the files that is not in the cache folder; null if all are there.
const char* missing_in_cache();
