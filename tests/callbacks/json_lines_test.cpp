#include "bvae/callbacks/json_lines.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "bvae/divergences/mmd.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/pid_controller.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using bvae::JsonLines;
using nlohmann::json;

namespace {

std::vector<json> read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
  return lines;
}

std::set<std::string> keys(const json& object) {
  std::set<std::string> names;
  for (const auto& [key, value] : object.items()) names.insert(key);
  return names;
}

}  // namespace

TEST_CASE("JsonLines: one object an epoch, with the numbers of the history", "[callback]") {
  const TemporaryFolder folder;
  harness::Model model{};
  const bvae::History history = harness::train(model, bvae::WarmUp{.to = 4, .over = bvae::Epochs{2}}, 3,
                                               JsonLines(folder / "metrics.jsonl", "test"));
  const std::vector<json> lines = read(folder / "metrics.jsonl");
  REQUIRE(lines.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const json& line = lines[i];
    const bvae::EpochRecord& r = history.epochs[i];
    for (const char* key : {"epoch", "step", "beta", "beta_norm", "learning_rate", "gradient_norm", "train_objective",
                            "train_reconstruction", "train_kl", "train_kl_per_latent", "test_reconstruction", "test_kl",
                            "test_elbo", "test_kl_per_latent", "active_units", "seconds", "samples_per_second"}) {
      INFO(key);
      CHECK(line.contains(key));
    }
    CHECK(line["epoch"] == i + 1);
    CHECK(line["step"] == 5 * (i + 1));
    CHECK(line["beta"].get<double>() == r.beta);
    CHECK(line["beta_norm"].get<double>() == r.beta * 2 / 5);
    CHECK(line["learning_rate"].get<double>() == 0.05);
    CHECK(line["gradient_norm"].get<double>() == r.gradient_norm);
    CHECK(line["train_objective"].get<double>() == r.train.objective);
    CHECK(line["train_reconstruction"].get<double>() == r.train.reconstruction);
    CHECK(line["train_kl"].get<double>() == r.train.kl);
    CHECK(line["test_reconstruction"].get<double>() == r.validation->reconstruction);
    CHECK(line["test_kl"].get<double>() == r.validation->kl);
    CHECK(line["test_elbo"].get<double>() == r.validation->elbo());
    CHECK(line["active_units"] == r.validation->active_units());
    CHECK(line["train_kl_per_latent"].size() == 2);
    CHECK(line["test_kl_per_latent"][1].get<double>() == r.validation->kl_per_latent[1]);
    CHECK(line["samples_per_second"].get<double>() > 0);
  }
}

TEST_CASE("JsonLines: says what a feedback schedule remembers, so that it can go on from there", "[callback]") {
  const TemporaryFolder folder;
  harness::Model model{};
  bvae::PidController beta{.kl = 0.5};
  const bvae::History history = harness::train(model, beta, 2, JsonLines(folder / "m.jsonl", "test"));
  const std::vector<json> lines = read(folder / "m.jsonl");
  REQUIRE(lines.size() == 2);
  CHECK(lines[1]["beta"].get<double>() == history.epochs[1].beta);
  const auto state = lines[1]["schedule_state"].get<std::vector<double>>();
  CHECK(state == history.schedule_state);
  beta.restore(state);
  CHECK(beta({}) == state[3]);
}

TEST_CASE("JsonLines: without a validation set there are no keys for it", "[callback]") {
  const TemporaryFolder folder;
  harness::Model model{};
  bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{}, bvae::WarmUp{}, bvae::Adam{}};
  trainer.fit(harness::data(), {.epochs = 1, .batch_size = 8, .threads = 1}, JsonLines(folder / "m.jsonl"));
  const std::vector<json> lines = read(folder / "m.jsonl");
  REQUIRE(lines.size() == 1);
  for (const std::string& key : keys(lines[0])) {
    INFO(key);
    CHECK(key.find("validation") == std::string::npos);
  }
  CHECK_FALSE(lines[0].contains("active_units"));
}

TEST_CASE("JsonLines: what the divergence reports is there, as the mean over the epoch's samples", "[callback]") {
  const TemporaryFolder folder;
  harness::Model model{};
  bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Mmd{}, bvae::Constant{1}, bvae::Adam{}};
  double sum = 0;
  bvae::Index steps = 0;
  const bvae::History history =
      trainer.fit(harness::data(), {.epochs = 1, .batch_size = harness::data().size() / 2, .threads = 1},
                  JsonLines(folder / "m.jsonl"), [&](const bvae::StepEnd& e) {
                    sum += e.divergence_parts[0].value;
                    ++steps;
                  });
  REQUIRE(steps == 2);
  REQUIRE(history.epochs[0].train_divergence_parts.size() == 1);
  CHECK(history.epochs[0].train_divergence_parts[0].name == "mmd");
  CHECK(history.epochs[0].train_divergence_parts[0].value == Approx(sum / 2).epsilon(1e-14));
  CHECK(read(folder / "m.jsonl")[0]["train_mmd"].get<double>() == history.epochs[0].train_divergence_parts[0].value);
}

TEST_CASE("JsonLines: the set is called validation unless it has a name", "[callback]") {
  const TemporaryFolder folder;
  JsonLines log(folder / "m.jsonl");
  harness::Run run{};
  run.end(log, {.reconstruction = 3, .kl = 1});
  const std::vector<json> lines = read(folder / "m.jsonl");  // on disk at once, not when the log closes
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["validation_elbo"] == -4);
}

TEST_CASE("JsonLines: there is no ELBO of a likelihood that is no density", "[callback]") {
  const TemporaryFolder folder;
  JsonLines log(folder / "m.jsonl");
  harness::Run run{.info = {.likelihood_is_density = false}};
  run.end(log, {.reconstruction = 3, .kl = 1});
  const json line = read(folder / "m.jsonl").at(0);
  CHECK_FALSE(line.contains("validation_elbo"));
  CHECK(line["validation_reconstruction"] == 3);
  CHECK(line.contains("validation_kl_per_latent"));
}

TEST_CASE("JsonLines: NaN is null, and the line stays JSON", "[callback]") {
  const TemporaryFolder folder;
  JsonLines log(folder / "m.jsonl");
  harness::Run run{};
  run.end(log,
          {.reconstruction = std::numeric_limits<double>::quiet_NaN(), .kl = std::numeric_limits<double>::infinity()});
  const std::vector<json> lines = read(folder / "m.jsonl");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["validation_reconstruction"].is_null());
  CHECK(lines[0]["validation_kl"].is_null());
}

TEST_CASE("JsonLines: a new log replaces an old one when training begins, not before", "[callback]") {
  const TemporaryFolder folder;
  folder.write("m.jsonl", "{\"epoch\": 7}\n");
  JsonLines log(folder / "m.jsonl");
  CHECK(read(folder / "m.jsonl").size() == 1);
  harness::Run run{};
  run.begin(log);
  run.end(log, {});
  run.end(log, {.number = 2});
  CHECK(read(folder / "m.jsonl").size() == 2);
}

TEST_CASE("JsonLines: a path that cannot be written is an error that names it", "[callback]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(JsonLines(folder / "no" / "m.jsonl"), bvae::FileError);
  CHECK_THROWS_WITH(JsonLines(folder / "no" / "m.jsonl"), ContainsSubstring((folder / "no" / "m.jsonl").string()));
  CHECK_THROWS_AS(JsonLines(folder.path()), bvae::FileError);
  CHECK(folder.count() == 0);
}

TEST_CASE("JsonLines: a full disk is an error at the first line", "[callback]") {
  if (!std::filesystem::exists("/dev/full")) return;
  JsonLines log("/dev/full");
  harness::Run run{};
  CHECK_THROWS_AS(run.end(log, {}), bvae::FileError);
  CHECK_THROWS_WITH(run.end(log, {}), ContainsSubstring("/dev/full"));
}
