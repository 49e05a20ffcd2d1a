#include "fixture.hpp"

#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "report/run_record.hpp"

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// A PNG of 2 x 2 pixels.
constexpr unsigned char kPicture[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0x57, 0xdd, 0x52, 0xf8, 0x00, 0x00, 0x00,
    0x0e, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x50, 0x58, 0xc0, 0xf0, 0x20, 0x01, 0x00, 0x05, 0x46, 0x02,
    0x01, 0x0d, 0xa5, 0xd1, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

Json config_of(const FakeRun& run) {
  Json config{{"bvae", report::library_version()},
              {"dataset", "bundled"},
              {"dataset_asked_for", "bundled"},
              {"data", "repository"},
              {"train_samples", 2000},
              {"test_samples", 500},
              {"model", "mlp"},
              {"latents", 4},
              {"likelihood", "bernoulli"},
              {"beta", 1.0},
              {"beta_norm", 4.0 / 784},
              {"schedule", run.schedule},
              {"warmup_epochs", nullptr}};
  if (run.schedule != "constant") {
    config["warmup_epochs"] = 2.0;
    config["beta_changes"] = "step";
    config["beta_from"] = 0.0;
  }
  config.update(Json{{"divergence", "kl"},
                     {"free_bits", 0.0},
                     {"free_bits_form", "per-latent"},
                     {"epochs", run.epochs},
                     {"seed", run.seed},
                     {"threads", 2}});
  config.update(run.config.is_null() ? Json::object() : run.config);
  return config;
}

Json results_of(const FakeRun& run) {
  const double kl = run.kl;
  Json results{{"format", report::kResultsFormat},
               {"bvae", report::library_version()},
               {"reconstruction", run.reconstruction},
               {"kl", kl},
               {"elbo", -run.reconstruction - kl},
               {"log_likelihood", {{"mean", -run.reconstruction - kl + 4.5}, {"draws", 20}}},
               {"active_units", run.active_units},
               {"latents", 4},
               {"kl_per_latent", {kl * 0.3, kl * 0.0, kl * 0.5, kl * 0.2}},
               {"sigma_per_latent", {0.3, 1.0, 0.1, 0.5}},
               {"rate", kl},
               {"distortion", run.reconstruction},
               {"pixel_error", run.reconstruction / 8000},
               {"beta", 1.0},
               {"schedule_epoch", {0.0, 0.5, 1.0, 2.5}},
               {"schedule_beta", run.schedule == "constant" ? Json{1.0, 1.0, 1.0, 1.0} : Json{0.0, 0.25, 0.5, 1.0}},
               {"stopped", nullptr},
               {"epochs", run.epochs},
               {"steps", 16 * run.epochs},
               {"seconds", 1.25 + 0.1 * static_cast<double>(run.seed)},
               {"samples_per_second", 51000.0}};
  results.update(run.results.is_null() ? Json::object() : run.results);
  return results;
}

std::string metrics_of(const FakeRun& run) {
  std::string text;
  for (int epoch = 1; epoch <= run.epochs; ++epoch) {
    const double left = std::exp(-epoch);
    const Json line{{"epoch", epoch},
                    {"step", 16 * epoch},
                    {"beta", run.schedule == "constant" ? 1.0 : std::min(1.0, 0.5 * epoch)},
                    {"train_objective", 100.0},
                    {"test_reconstruction", run.reconstruction * (1 + left)},
                    {"test_kl", run.kl * (1 - left)},
                    {"active_units", run.active_units}};
    text += line.dump() + '\n';
  }
  return text;
}

}  // namespace

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

void change(const fs::path& file, const std::string& before, const std::string& after) {
  std::string text = read_text(file);
  const std::size_t at = text.find(before);
  if (at == std::string::npos) throw std::logic_error(before + " is not in " + file.string());
  write_text(file, text.replace(at, before.size(), after));
}

void write_fake_run(const fs::path& folder, const FakeRun& run) {
  fs::create_directories(folder);
  write_text(folder / "config.json", config_of(run).dump(2) + '\n');
  write_text(folder / "metrics.jsonl", metrics_of(run));
  write_text(folder / "results.json", results_of(run).dump(2) + '\n');
  const std::string picture(std::begin(kPicture), std::end(kPicture));
  for (const char* name : {"reconstructions.png", "samples.png", "traversal.png"}) write_text(folder / name, picture);
}
