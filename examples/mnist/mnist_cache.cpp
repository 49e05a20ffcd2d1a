#include "mnist_cache.hpp"

#include <cstdlib>

namespace fs = std::filesystem;

namespace {

/// The value of an environment variable, unless it is empty.
std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

std::optional<fs::path> find_data(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const char* ending : {"", ".gz"})
    if (const fs::path path = folder / (name + ending); fs::exists(path, ignored)) return path;
  return std::nullopt;
}

std::optional<fs::path> cache_folder() {
  if (const auto cache = environment("BVAE_CACHE")) return *cache / "mnist";
  if (const auto cache = environment("XDG_CACHE_HOME")) return *cache / "bvae" / "mnist";
  if (const auto home = environment("HOME")) return *home / ".cache" / "bvae" / "mnist";
  return std::nullopt;
}

const char* missing_in_cache() {
  const std::optional<fs::path> cache = cache_folder();
  for (const char* name : {kTrainImages, kTrainLabels, kTestImages, kTestLabels})
    if (!cache || !find_data(*cache, name)) return name;
  return nullptr;
}
