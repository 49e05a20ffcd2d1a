#include "data_source.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/data/idx.hpp>
#include <bvae/io/gzip.hpp>  // lets idx::load read .gz

#include <filesystem>
#include <iostream>
#include <optional>

#include "mnist_cache.hpp"

namespace {

namespace fs = std::filesystem;

fs::path require(const fs::path& folder, const std::string& name) {
  if (const auto path = find_data(folder, name)) return *path;
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

Digits load_bundled() { return load_folder("bundled", "repository", MNIST_BUNDLED_DIGITS); }

Digits load_mnist_or_bundled() {
  const std::optional<fs::path> cache = cache_folder();
  const char* const missing = missing_in_cache();
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
