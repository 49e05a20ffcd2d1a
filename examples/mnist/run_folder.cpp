#include "run_folder.hpp"

#include <bvae/io/atomic_file.hpp>

#include <ctime>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "schedule.hpp"

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
  for (const char* name : {"config.json", "metrics.jsonl", "model.safetensors", "features.safetensors",
                           "reconstructions.png", "samples.png", "traversal.png", "manifold.png"}) {
    const fs::path file = folder / name;
    std::error_code missing;
    if (fs::is_regular_file(fs::symlink_status(file, missing)) && !fs::remove(file, error)) refuse(folder, error);
  }
  return folder;
}

/// The file that was given, or null.
nlohmann::ordered_json name_of(const std::optional<fs::path>& file) {
  if (!file) return nullptr;
  return file->string();
}

/// Those of the chosen likelihood and divergence that are not the same for all.
nlohmann::ordered_json parameters_of(const Options& options) {
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  const std::string& likelihood = options.likelihood;
  if (options.sees_images()) {
    values["pixel_term"] = options.pixel_term;
    values["pixel_weight"] = options.pixel_weight;
  }
  if (options.pixels() == "gaussian" || options.pixels() == "laplace") values["sigma"] = options.sigma;
  if (likelihood == "perceptual" || likelihood == "vgg") {
    values["feature_weight"] = options.feature_weight;
    values["features"] = name_of(options.features);
  }
  if (likelihood == "ssim" || likelihood == "ms-ssim") values["ssim_weight"] = options.ssim_weight;
  const std::string& divergence = options.divergence;
  if (divergence == "kl") values["free_bits_form"] = options.free_bits_form;
  if (divergence == "capacity") {
    values["capacity"] = options.capacity;
    values["capacity_epochs"] = options.capacity_ramp();
    values["gamma"] = options.gamma;
  } else if (divergence == "total-correlation") {
    values["mi_weight"] = options.mi_weight;
    values["tc_weight"] = options.tc_weight;
    values["dimension_weight"] = options.dimension_weight;
    values["tc_estimator"] = options.tc_estimator;
  } else if (divergence == "dip-vae-i" || divergence == "dip-vae-ii") {
    values["lambda_od"] = options.lambda_od;
    values["lambda_d"] = options.dip_lambda_d();
  } else if (divergence == "mmd") {
    values["mmd_weight"] = options.mmd_weight;
    values["kl_weight"] = options.kl_weight;
    values["mmd_kernel"] = options.mmd_kernel;
    values["mmd_bandwidth"] = options.mmd_bandwidth;
  }
  return values;
}

nlohmann::ordered_json schedule_parameters_of(const Options& options) {
  nlohmann::ordered_json values = nlohmann::ordered_json::object();
  const std::string& name = options.schedule;
  const bool feedback = name == "geco" || name == "pid";
  if (name == "constant") return values;
  if (!feedback) values["beta_changes"] = options.beta_changes;
  if (!feedback && name != "piecewise") {
    values["beta_from"] = nullptr;  // the schedule's own
    if (options.beta_from) values["beta_from"] = *options.beta_from;
  }
  if (name == "cyclical" || name == "sequence") {
    values["cycles"] = options.cycles;
    values["cycle_ramp"] = options.cycle_ramp;
    values["cycle_shape"] = options.cycle_shape;
  }
  if (name == "sigmoid" || name == "sequence") values["steepness"] = options.steepness;
  if (name == "sequence") values["phases"] = options.phases;
  if (name == "piecewise") {
    values["beta_points"] = options.beta_points;
    values["beta_path"] = options.beta_path;
  }
  if (name == "geco") {
    values["target_reconstruction"] = options.target_reconstruction.value();
    values["geco_decay"] = options.geco_decay;
    values["geco_every"] = options.geco_every;
    values["geco_rate"] = options.geco_rate;
    values["geco_slowest"] = options.geco_slowest;
    values["geco_fastest"] = options.geco_fastest;
  }
  if (name == "pid") {
    values["target_kl"] = options.target_kl.value();
    values["pid_kp"] = options.pid_kp;
    values["pid_ki"] = options.pid_ki;
    values["pid_kd"] = options.pid_kd;
  }
  if (feedback) {
    for (const auto& [key, limit] : {std::pair{"beta_min", options.beta_min}, std::pair{"beta_max", options.beta_max}})
      if (limit) values[key] = *limit;
  }
  return values;
}

}  // namespace

fs::path make_run_folder(const Options& options, const Digits& digits) {
  if (options.out) return make_given_folder(*options.out);
  return make_new_folder(fs::path("runs") / readable_name(options, digits));
}

void write_config(const fs::path& folder, const Options& options, const Digits& digits, ModelSize model) {
  nlohmann::ordered_json config;
  config["bvae"] = library_version();
  config["dataset"] = digits.name;
  config["dataset_asked_for"] = options.dataset;
  config["data"] = digits.place;
  config["train_samples"] = digits.train.size();
  config["test_samples"] = digits.test.size();
  config["binarization"] = bvae::name(options.binarization());
  config["model"] = options.model;
  config["latents"] = model.latents;
  config["parameters"] = model.parameters;
  config["init"] = options.init;
  config["output_bias"] = options.output_bias;
  config["likelihood"] = options.likelihood;
  config["beta"] = nullptr;
  config["beta_norm"] = nullptr;
  if (options.reads_beta()) {
    config["beta"] = options.beta;
    config["beta_norm"] = options.beta * static_cast<double>(model.latents) / static_cast<double>(model.features);
  }
  config["schedule"] = options.schedule;
  config["warmup_epochs"] = nullptr;
  if (const auto epochs = ramp_epochs(options)) config["warmup_epochs"] = *epochs;
  config.update(schedule_parameters_of(options));
  config["divergence"] = options.divergence;
  config["free_bits"] = options.free_bits;
  config.update(parameters_of(options));
  config["reader"] = name_of(options.reader);
  config["epochs"] = options.epochs;
  config["batch_size"] = options.batch_size;
  config["learning_rate"] = options.learning_rate;
  config["optimizer"] = options.optimizer;
  config["clip"] = nullptr;
  if (options.clip) config["clip"] = *options.clip;
  config["seed"] = options.seed;
  config["threads"] = options.threads;

  bvae::AtomicFile file(folder / "config.json");
  // A folder's name need not be UTF-8, JSON must.
  file.write(config.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
  file.commit();
}
