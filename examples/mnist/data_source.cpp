#include "data_source.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/data/idx.hpp>
#include <bvae/io/gzip.hpp>  // lets idx::load read .gz

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

namespace {

namespace fs = std::filesystem;

constexpr const char* kTrainImages = "train-images-idx3-ubyte";
constexpr const char* kTrainLabels = "train-labels-idx1-ubyte";
constexpr const char* kTestImages = "t10k-images-idx3-ubyte";
constexpr const char* kTestLabels = "t10k-labels-idx1-ubyte";

/// The file itself or the one with .gz.
std::optional<fs::path> find(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const char* ending : {"", ".gz"})
    if (const fs::path path = folder / (name + ending); fs::exists(path, ignored)) return path;
  return std::nullopt;
}

fs::path require(const fs::path& folder, const std::string& name) {
  if (const auto path = find(folder, name)) return *path;
  throw bvae::FileError((folder / name).string(), bvae::FileError::kNoOffset, "this file, plain or with .gz",
                        "neither (--data names another folder)");
}

bvae::Dataset load(const fs::path& folder, const char* images, const char* labels) {
  const fs::path path = require(folder, images);
  // Training needs no labels, but files that do not belong together are worth an error.
  bvae::Dataset data = bvae::idx::load(path, require(folder, labels));
  const auto refuse = [&](const std::string& expected, const std::string& found) {
    throw bvae::FileError(path.string(), bvae::FileError::kNoOffset, expected, found);
  };
  const bvae::ImageExtents e = data.extents();
  if (e != bvae::ImageExtents{.channels = 1, .height = 28, .width = 28})
    refuse("grey images of 28 x 28", std::to_string(e.height) + " x " + std::to_string(e.width) + " with " +
                                         std::to_string(e.channels) + " channel(s)");
  if (data.minimum() < 0 || data.maximum() > 1)
    refuse("values from 0 to 1", std::to_string(data.minimum()) + " to " + std::to_string(data.maximum()));
  return data;
}

Digits load_folder(std::string name, std::string place, const fs::path& folder) {
  return {std::move(name), std::move(place), load(folder, kTrainImages, kTrainLabels),
          load(folder, kTestImages, kTestLabels)};
}

/// The value of an environment variable, unless it is empty.
std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// Where examples/mnist/run.sh puts MNIST. Nothing if the user has no home.
std::optional<fs::path> cache_folder() {
  if (const auto cache = environment("BVAE_CACHE")) return *cache / "mnist";
  if (const auto cache = environment("XDG_CACHE_HOME")) return *cache / "bvae" / "mnist";
  if (const auto home = environment("HOME")) return *home / ".cache" / "bvae" / "mnist";
  return std::nullopt;
}

Digits load_bundled() { return load_folder("bundled", "repository", MNIST_BUNDLED_DIGITS); }

Digits load_mnist_or_bundled() {
  const std::optional<fs::path> cache = cache_folder();
  const char* missing = nullptr;
  for (const char* name : {kTestLabels, kTestImages, kTrainLabels, kTrainImages})
    if (!cache || !find(*cache, name)) missing = name;
  if (missing == nullptr) return load_folder("mnist", "cache", *cache);

  Digits digits = load_bundled();
  constexpr const char* kLine = "********************************************************************************\n";
  std::cerr << kLine << "mnist: MNIST WAS NOT FOUND. Training on the " << digits.train.size()
            << " digits in the repository instead.\n"
            << "       The results are NOT those of MNIST.\n"
            << "       looked in   " << (cache ? cache->string() : "no folder: HOME is not set") << '\n'
            << "       missing     " << missing << " (plain or with .gz)\n"
            << "       to get it   run examples/mnist/run.sh, which downloads it, or name the folder\n"
            << "                   that has the four files: --data DIR\n"
            << kLine;
  return digits;
}

}  // namespace

Digits load_digits(const Options& options) {
  if (options.data) return load_folder(options.dataset, options.data->string(), *options.data);
  if (options.dataset == "fashion") return load_folder("fashion", "system", "/usr/share/datasets/fashion-mnist");
  if (options.dataset == "bundled") return load_bundled();
  return load_mnist_or_bundled();
}
