#include "configuration.hpp"

#include <optional>

#include "schedule.hpp"

namespace {

namespace fs = std::filesystem;

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
  if (divergence == "kl")
    values["free_bits_form"] = options.free_bits > 0 ? options.free_bits_form : kFreeBitsForms.front();
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
    values["beta_from"] = nullptr;  // that of the first phase
    if (const auto from = options.beta_from ? options.beta_from : ramp_start(options)) values["beta_from"] = *from;
  }
  if (name == "warmup") values["hold_epochs"] = options.hold_epochs;
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
    const auto [least, largest] = beta_limits(options);
    values["beta_min"] = least;
    values["beta_max"] = largest;
  }
  return values;
}

}  // namespace

nlohmann::ordered_json configuration(const Options& options) {
  nlohmann::ordered_json config;
  config["dataset"] = options.dataset;
  config["binarization"] = bvae::name(options.binarization());
  config["model"] = options.model;
  config["init"] = options.init;
  config["output_bias"] = options.output_bias;
  config["likelihood"] = options.likelihood;
  config["beta"] = nullptr;
  if (options.reads_beta()) config["beta"] = options.beta;
  config["schedule"] = options.schedule;
  config["warmup_epochs"] = nullptr;
  if (const auto epochs = ramp_epochs(options)) config["warmup_epochs"] = *epochs;
  config.update(schedule_parameters_of(options));
  config["divergence"] = options.divergence;
  config["free_bits"] = options.divergence == "kl" ? options.free_bits : 0.0;
  config.update(parameters_of(options));
  config["reader"] = name_of(options.reader);
  config["epochs"] = options.epochs;
  config["batch_size"] = options.batch_size;
  config["learning_rate"] = options.learning_rate;
  config["optimizer"] = options.optimizer;
  config["clip"] = nullptr;
  if (options.clip) config["clip"] = *options.clip;
  config["seed"] = options.seed;
  config["draws"] = options.draws;
  return config;
}
