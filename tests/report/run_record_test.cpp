#include "report/run_record.hpp"

#include <bvae/core/errors.hpp>

#include <functional>
#include <vector>

#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace report;

namespace {

/// What read_run says of a run after `damage`; "" if nothing.
std::string error_after(const std::function<void(const fs::path&)>& damage) {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  write_fake_run(run, {});
  damage(run);
  try {
    (void)read_run(run);
  } catch (const bvae::FileError& error) {
    return error.what();
  }
  return {};
}

void cut(const fs::path& file, std::size_t bytes) {
  const std::string text = read_text(file);
  write_text(file, text.substr(0, text.size() - bytes));
}

}  // namespace

TEST_CASE("A whole run is read", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "run", {.schedule = "warmup", .seed = 7, .reconstruction = 81.5});
  const RunRecord run = read_run(folder / "run");
  CHECK(run.name == "run");
  CHECK(read_run(folder / "run/").name == "run");
  CHECK(run.seed == 7);
  CHECK(run.config["schedule"] == "warmup");
  CHECK(run.results["reconstruction"] == 81.5);
  CHECK_FALSE(run.stopped);
  REQUIRE(run.epochs.size() == 4);
  CHECK(run.epochs[0].beta == 0.5);
  CHECK(run.epochs[3].epoch == 4);
  CHECK(run.pictures.size() == 3);
}

TEST_CASE("Numbers that were not finite are null, and a stopped run says why", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "run", {.results = {{"elbo", nullptr}, {"log_likelihood", nullptr}, {"stopped", "Ctrl-C"}}});
  change(folder / "run/metrics.jsonl", "\"beta\":1.0", "\"beta\":null");
  const RunRecord run = read_run(folder / "run");
  CHECK(run.results["elbo"].is_null());
  CHECK(run.stopped == "Ctrl-C");
  CHECK_FALSE(run.epochs[0].beta);
}

TEST_CASE("Each missing file of a run is named", "[report]") {
  for (const char* name :
       {"config.json", "metrics.jsonl", "results.json", "reconstructions.png", "samples.png", "traversal.png"}) {
    const std::string error = error_after([&](const fs::path& run) { fs::remove(run / name); });
    CHECK_THAT(error, ContainsSubstring(name) && ContainsSubstring("expected a file, found none"));
  }
  CHECK_THAT(error_after([](const fs::path& run) { fs::remove_all(run); }),
             ContainsSubstring("expected a run's folder"));
}

TEST_CASE("Each cut file of a run is named, wherever it is cut", "[report]") {
  for (const char* name :
       {"config.json", "metrics.jsonl", "results.json", "reconstructions.png", "samples.png", "traversal.png"})
    for (const std::size_t bytes : {2u, 30u, 70u}) {
      CAPTURE(name, bytes);
      CHECK_THAT(error_after([&](const fs::path& run) { cut(run / name, bytes); }), ContainsSubstring(name));
    }
  CHECK_THAT(error_after([](const fs::path& run) { cut(run / "config.json", 10); }),
             ContainsSubstring("the file is cut"));
  CHECK_THAT(error_after([](const fs::path& run) { cut(run / "metrics.jsonl", 1); }),
             ContainsSubstring("expected a line with its end"));
  CHECK_THAT(error_after([](const fs::path& run) { write_text(run / "results.json", ""); }),
             ContainsSubstring("results.json"));
}

TEST_CASE("A metrics.jsonl that is cut between two lines, or not in order, is found", "[report]") {
  CHECK_THAT(error_after([](const fs::path& run) {
               const std::string text = read_text(run / "metrics.jsonl");
               write_text(run / "metrics.jsonl", text.substr(0, text.find('\n') + 1));
             }),
             ContainsSubstring("expected 4 epochs, as results.json says, found 1"));
  CHECK_THAT(error_after([](const fs::path& run) { change(run / "metrics.jsonl", "\"epoch\":2", "\"epoch\":3"); }),
             ContainsSubstring("expected epoch 2, found epoch 3"));
}

TEST_CASE("A file that is no JSON, or none of its kind, is refused with what was found", "[report]") {
  struct Case {
    const char *file, *before, *after, *said;
  };
  const std::vector<Case> cases{
      {"config.json", "{", "[", "expected JSON"},
      {"config.json", "\"seed\": 0", "\"seed\": -1", "whole number"},
      {"config.json", "\"schedule\": \"constant\"", "\"schedule\": 3", "expected a text as \"schedule\", found 3"},
      {"config.json", "\"model\": \"mlp\"", "\"model\": [\"mlp\"]", "found an array"},
      {"config.json", "\"seed\"", "\"need\"", "expected the key \"seed\""},
      {"config.json", "\"latents\": 4", "\"latents\": 5", "expected 5 latents, as config.json says, found 4"},
      {"results.json", "\"kl\": 25.0", "\"kl\": \"25\"", "expected a number or null as \"kl\""},
      {"results.json", "\"kl\": 25.0", "\"kl\": 1e999", "expected JSON"},
      {"results.json", "\"latents\": 4", "\"latents\": 3", "expected 3 numbers in \"kl_per_latent\""},
      {"results.json", "\"draws\": 20", "\"draws\": \"20\"", "log_likelihood"},
      {"results.json", "\"epochs\"", "\"eras\"", "expected the key \"epochs\""},
      {"results.json", "0.3", "null", "numbers in \"sigma_per_latent\""},
      {"metrics.jsonl", "\"test_kl\":", "\"test_kl\":tru", "byte"},
      {"metrics.jsonl", "\"epoch\":1", "\"epoch\":1.5", "whole number"},
      {"samples.png", "PNG", "GIF", "expected a PNG"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.file, c.after);
    const std::string error = error_after([&](const fs::path& run) { change(run / c.file, c.before, c.after); });
    CHECK_THAT(error, ContainsSubstring(c.said));
  }
}

TEST_CASE("Another format and another version of bvae are refused", "[report]") {
  const std::string version = '"' + library_version() + '"';
  CHECK_THAT(error_after([](const fs::path& run) { change(run / "results.json", "bvae-results-1", "bvae-results-2"); }),
             ContainsSubstring("results.json: expected the format bvae-results-1, found bvae-results-2"));
  for (const char* name : {"config.json", "results.json"}) {
    const std::string error = error_after([&](const fs::path& run) { change(run / name, version, "\"9.9.9\""); });
    CHECK_THAT(error, ContainsSubstring(name) && ContainsSubstring("found one of bvae 9.9.9"));
  }
}

TEST_CASE("Something else in a file's place, and arrays without an end, are errors and no crash", "[report]") {
  CHECK_THAT(error_after([](const fs::path& run) {
               fs::remove(run / "results.json");
               fs::create_directory(run / "results.json");
             }),
             ContainsSubstring("expected a regular file"));
  CHECK_THAT(error_after([](const fs::path& run) { write_text(run / "config.json", std::string(1000000, '[')); }),
             ContainsSubstring("config.json"));
}
