#include "run_folder.hpp"

#include <bvae/io/atomic_file.hpp>

#include <ctime>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "configuration.hpp"

namespace {

namespace fs = std::filesystem;

/// mnist-mlp-beta4-warmup-seed0-20261123-140501
std::string readable_name(const Options& options, const Digits& digits) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::ostringstream name;
  name << digits.name << '-' << options.model;
  if (options.likelihood != "bernoulli") name << '-' << options.likelihood;
  if (options.divergence != "kl") name << '-' << options.divergence;
  if (options.binarize != "none") name << '-' << options.binarize;
  if (options.reads_beta()) name << "-beta" << options.beta;
  if (options.schedule != "constant") name << '-' << options.schedule;
  name << "-seed" << options.seed << '-' << std::put_time(&local, "%Y%m%d-%H%M%S");
  return name.str();
}

[[noreturn]] void refuse(const fs::path& folder, const std::error_code& error) {
  throw NoRunFolder("the folder of the results, " + folder.string() + ", cannot be made: " + error.message());
}

/// Another run may begin in the same second: a number makes the name unique.
fs::path make_new_folder(const fs::path& wanted) {
  std::error_code error;
  fs::create_directories(wanted.parent_path(), error);
  if (error) refuse(wanted, error);
  fs::path folder = wanted;
  for (int n = 2; !fs::create_directory(folder, error); ++n) {
    if (error) refuse(folder, error);
    folder = wanted.string() + '-' + std::to_string(n);
  }
  return folder;
}

fs::path make_given_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder, error) && !error) error = std::make_error_code(std::errc::not_a_directory);
  if (error) refuse(folder, error);
  for (const char* name :
       {"config.json", "metrics.jsonl", "model.safetensors", "features.safetensors", "reconstructions.png",
        "samples.png", "traversal.png", "manifold.png", "results.json", "report.html"}) {
    const fs::path file = folder / name;
    std::error_code missing;
    if (fs::is_regular_file(fs::symlink_status(file, missing)) && !fs::remove(file, error)) refuse(folder, error);
  }
  return folder;
}

}  // namespace

fs::path make_run_folder(const Options& options, const Digits& digits) {
  if (options.out) return make_given_folder(*options.out);
  return make_new_folder(fs::path("runs") / readable_name(options, digits));
}

void write_config(const fs::path& folder, const Options& options, const Digits& digits, ModelSize model) {
  nlohmann::ordered_json config;
  config["bvae"] = library_version();
  config["dataset"] = nullptr;  // here, and below what it is
  config["dataset_asked_for"] = options.dataset;
  config["data"] = digits.place;
  config["train_samples"] = digits.train.size();
  config["test_samples"] = digits.test.size();
  config["latents"] = model.latents;
  config["parameters"] = model.parameters;
  config["beta_norm"] = nullptr;
  if (options.reads_beta())
    config["beta_norm"] = options.beta * static_cast<double>(model.latents) / static_cast<double>(model.features);
  config.update(configuration(options));
  config["dataset"] = digits.name;
  config["threads"] = options.threads;

  bvae::AtomicFile file(folder / "config.json");
  // A folder's name need not be UTF-8, JSON must.
  file.write(config.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
  file.commit();
}
