#include "report/summary.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/core/message.hpp>

#include <cmath>

#include "fixture.hpp"
#include "report/statistics.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace report;
#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::StartsWith;
#else
using Catch::StartsWith;
#endif

namespace {

/// Noise of the seeds that both groups share, and a little of their own.
void write_two_groups(const fs::path& grid, double difference) {
  const double shared[] = {-1.0, 0.3, 0.9};
  const double own[] = {0.02, -0.03, 0.01};
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    write_fake_run(grid / bvae::message("a", seed), {.seed = seed, .reconstruction = 80 + shared[seed]});
    write_fake_run(grid / bvae::message("b", seed),
                   {.schedule = "warmup", .seed = seed, .reconstruction = 80 + shared[seed] + own[seed] + difference});
  }
}

const Json& comparison(const Json& summary, const std::string& metric) {
  for (const Json& entry : summary["comparisons"])
    if (entry["metric"] == metric) return entry;
  throw std::logic_error("no comparison of " + metric);
}

Json summary_of(const fs::path& grid) { return summarise(collect(grid), std::nullopt, false); }

}  // namespace

TEST_CASE("A summary holds each group's means and what is told apart", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), -0.5);
  const Json summary = summary_of(folder.path());
  CHECK(summary["format"] == "bvae-summary-1");
  CHECK(summary["kind"] == "grid");
  CHECK(summary["seeds"] == Json{0, 1, 2});
  CHECK(summary["common"]["dataset"] == "bundled");
  CHECK_FALSE(summary["common"].contains("schedule"));
  REQUIRE(summary["groups"].size() == 2);
  const Json& constant = summary["groups"][0];
  CHECK(constant["label"] == "constant");
  CHECK(constant["seeds"] == Json{0, 1, 2});
  const double values[] = {79, 80.3, 80.9};
  CHECK(constant["metrics"]["reconstruction"]["mean"].get<double>() == Approx(estimate(values)->mean).epsilon(1e-14));
  CHECK(constant["metrics"]["reconstruction"]["low"].get<double>() == Approx(*estimate(values)->low).epsilon(1e-12));
  CHECK(constant["metrics"]["reconstruction"]["n"] == 3);
  CHECK(constant["over_time"]["epoch"] == Json{1, 2, 3, 4});
  CHECK(constant["over_time"]["beta"]["mean"] == Json{1.0, 1.0, 1.0, 1.0});
  CHECK(summary["groups"][1]["over_time"]["schedule"]["epoch"] == Json{0.0, 0.5, 1.0, 2.5});
  CHECK(summary["groups"][1]["over_time"]["schedule"]["mean"] == Json{0.0, 0.25, 0.5, 1.0});
  CHECK(constant["sigma_per_latent"]["mean"] == Json{1.0, 0.5, 0.3, 0.1});
  CHECK(constant["metrics"]["sigma_spread"]["mean"].get<double>() == Approx(std::sqrt(0.111875)).epsilon(1e-12));
  CHECK(constant["kl_per_latent"]["mean"] == Json{12.5, 7.5, 5.0, 0.0});

  const Json& better = comparison(summary, "reconstruction");
  CHECK(better["group"] == 1);
  CHECK(better["baseline"] == 0);
  CHECK(better["verdict"] == "lower");
  CHECK(better["difference"]["mean"].get<double>() == Approx(-0.5));
  CHECK(comparison(summary, "elbo")["verdict"] == "higher");
  CHECK(comparison(summary, "kl")["verdict"] == "not told apart");
  REQUIRE(summary["runs"].size() == 6);
  CHECK(summary["runs"][0]["folder"] == "a0");
  CHECK(summary["runs"][5]["group"] == 1);
  CHECK(summary["runs"][5]["results"]["reconstruction"] == 80 + 0.9 + 0.01 - 0.5);
}

TEST_CASE("A difference within the noise is no winner", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), -0.02);
  const Json summary = summary_of(folder.path());
  for (const Json& entry : summary["comparisons"]) CHECK(entry["verdict"] == "not told apart");
}

TEST_CASE("All comparisons of one metric are corrected together", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), -0.13);  // p between 0.025 and 0.05 below
  const Json alone = summary_of(folder.path());
  const double p = comparison(alone, "reconstruction")["p"].get<double>();
  REQUIRE(p < kSignificance);
  CHECK(comparison(alone, "reconstruction")["verdict"] == "lower");
  const double noise[] = {0.3, -0.4, 0.1};
  for (const char* schedule : {"cyclical", "cosine", "linear", "sigmoid"})
    for (std::uint64_t seed = 0; seed < 3; ++seed)
      write_fake_run(folder / (schedule + std::to_string(seed)),
                     {.schedule = schedule, .seed = seed, .reconstruction = 80 + noise[seed]});
  const Json many = summary_of(folder.path());
  for (const Json& entry : many["comparisons"]) {
    if (entry["metric"] != "reconstruction" || many["groups"][entry["group"].get<std::size_t>()]["label"] != "warmup")
      continue;
    CHECK(entry["p"].get<double>() == p);
    CHECK(entry["p_holm"].get<double>() == Approx(5 * p));
    CHECK(entry["verdict"] == "not told apart");
  }
}

TEST_CASE("One seed has no interval and no verdict, and the summary says so", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.reconstruction = 80});
  write_fake_run(folder / "b", {.schedule = "warmup", .reconstruction = 60});
  const Json summary = summary_of(folder.path());
  CHECK(summary["groups"][0]["metrics"]["elbo"]["low"].is_null());
  CHECK(summary["groups"][0]["over_time"]["kl"]["low"][0].is_null());
  CHECK(comparison(summary, "elbo")["verdict"].is_null());
  CHECK(comparison(summary, "elbo")["difference"]["mean"] == 20.0);
  CHECK(comparison(summary, "elbo")["note"] == "1 common seed: at least 2 are needed to judge");
  CHECK_THAT(table_of(summary), ContainsSubstring("warmup        1   -85.00  ") && !ContainsSubstring("-85.00 \u00b1"));
}

TEST_CASE("Equal differences of whole numbers are not taken for certainty", "[report]") {
  const TemporaryFolder folder;
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    write_fake_run(folder / bvae::message("a", seed), {.seed = seed, .active_units = 4});
    write_fake_run(folder / bvae::message("b", seed), {.schedule = "warmup", .seed = seed, .active_units = 3});
  }
  const Json entry = comparison(summary_of(folder.path()), "active_units");
  CHECK(entry["verdict"] == "same in every seed");
  CHECK(entry["difference"]["mean"] == -1.0);
  CHECK(entry["p"].is_null());
  CHECK(entry["difference"]["low"].is_null());
  CHECK_THAT(entry["note"].get<std::string>(), ContainsSubstring("all differences are equal"));
  const Json summary = summary_of(folder.path());
  CHECK(comparison(summary, "kl")["verdict"] == "not told apart");  // the differences are all 0
  CHECK_THAT(table_of(summary), ContainsSubstring("3.0 \u00b1 0.0 =") && ContainsSubstring("no test can judge"));
}

TEST_CASE("A metric that is null in a run stays null there, and counts nowhere", "[report]") {
  const TemporaryFolder folder;
  const Json no_density{{"elbo", nullptr}, {"log_likelihood", nullptr}, {"distortion", nullptr}};
  write_fake_run(folder / "a0", {.seed = 0, .results = no_density});
  write_fake_run(folder / "a1",
                 {.seed = 1, .results = {{"elbo", nullptr}, {"log_likelihood", {{"mean", nullptr}, {"draws", 5}}}}});
  const Json summary = summary_of(folder.path());
  const Json& metrics = summary["groups"][0]["metrics"];
  CHECK(metrics["elbo"].is_null());
  CHECK(metrics["log_likelihood"].is_null());
  CHECK(metrics["distortion"]["n"] == 1);
  CHECK(metrics["kl"]["n"] == 2);
  CHECK(summary["runs"][0]["results"]["elbo"].is_null());
}

TEST_CASE("Runs that cannot be counted are listed with why, and harm no other", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), 0);
  write_fake_run(folder / "c-cut", {.seed = 3});
  change(folder / "c-cut/results.json", "}", "");
  write_fake_run(folder / "c-stopped", {.seed = 4, .results = {{"stopped", "interrupted"}}});
  write_fake_run(folder / "c-twin", {.seed = 0, .config = {{"threads", 7}}});
  write_fake_run(folder / "c-open", {.seed = 5});
  fs::remove(folder / "c-open/results.json");
  fs::create_directory(folder / "d.failed");
  write_text(folder / "d.failed/log.txt", "epoch 1\nmnist: training left the finite numbers\n\n");
  fs::create_directory(folder / "a0.failed");  // done since then
  write_fake_run(folder / ".hidden", {.seed = 6});
  write_text(folder / "grid.json", "a file is no run");

  const Json summary = summary_of(folder.path());
  CHECK(summary["runs"].size() == 6);
  CHECK(summary["counts"] == Json{{"found", 11}, {"read", 6}, {"excluded", 5}, {"excluded_share", 5.0 / 11}});
  std::vector<std::string> states;
  for (const Json& run : summary["excluded"])
    states.push_back(run["folder"].get<std::string>() + ' ' + run["state"].get<std::string>());
  CHECK(states == std::vector<std::string>{"c-cut unreadable", "c-open unfinished", "c-stopped stopped",
                                           "c-twin repeated", "d.failed failed"});
  // Without the folder: it says nothing elsewhere, and its place on this machine is nobody's business.
  CHECK_THAT(summary["excluded"][0]["reason"].get<std::string>(), StartsWith("results.json, byte "));
  CHECK(summary["excluded"][2]["reason"] == "interrupted");
  CHECK(summary["excluded"][3]["reason"] == "same configuration and seed as a0");
  CHECK(summary["excluded"][4]["reason"] == "mnist: training left the finite numbers");
  CHECK_THAT(table_of(summary), ContainsSubstring("5 of 11 runs left out") && ContainsSubstring("c-twin  repeated"));
}

TEST_CASE("Runs of unequal length are averaged where they are", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a0", {.seed = 0, .epochs = 2, .config = {{"epochs", 4}}});
  write_fake_run(folder / "a1", {.seed = 1, .epochs = 4});
  const Json summary = summary_of(folder.path());
  CHECK(summary["groups"][0]["over_time"]["kl"]["n"] == Json{2, 2, 1, 1});
}

TEST_CASE("The table's columns are aligned, and its signs are the verdicts", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), -0.5);
  const std::string table = table_of(summary_of(folder.path()));
  CHECK_THAT(table, ContainsSubstring("constant      3  -105.07 \u00b1 2.41    ") &&
                        ContainsSubstring("warmup        3  -104.57 \u00b1 2.39 \u25b2") &&
                        ContainsSubstring("79.57 \u00b1 2.39 \u25bc"));
  CHECK_THAT(table, ContainsSubstring("over a column) than:\n  constant\n"));
}

TEST_CASE("The table has no negative zero", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.results = {{"elbo", -0.001}}});
  CHECK_THAT(table_of(summary_of(folder.path())), ContainsSubstring(" 0.00 ") && !ContainsSubstring("-0.00"));
}

TEST_CASE("No text can end the script element that holds the summary", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.config = {{"reader", "</script><!--<script>"}}});
  const Json summary = summary_of(folder.path());
  const std::string text = text_of(summary);
  CHECK(text.find('<') == std::string::npos);
  CHECK(Json::parse(text) == summary);
}

TEST_CASE("Only the runs that were asked for are read", "[report]") {
  const TemporaryFolder folder;
  write_two_groups(folder.path(), -0.5);
  fs::create_directories(folder / "x.failed");
  const Collection some = collect(folder.path(), std::vector<std::string>{"a0", "b2", "x"});
  REQUIRE(some.runs.size() == 2);
  CHECK(some.runs[0].name == "a0");
  CHECK(some.runs[1].name == "b2");
  REQUIRE(some.excluded.size() == 1);
  CHECK(some.excluded[0].folder == "x.failed");
}

TEST_CASE("Nothing is compared where numbers mean different things", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a0", {.seed = 0});
  write_fake_run(folder / "a1", {.seed = 1});
  for (std::uint64_t seed = 0; seed < 2; ++seed) {
    write_fake_run(folder / bvae::message("b", seed), {.seed = seed, .config = {{"likelihood", "gaussian"}}});
    write_fake_run(folder / bvae::message("c", seed), {.seed = seed, .config = {{"draws", 1000}, {"clip", 1.0}}});
  }
  const Json summary = summary_of(folder.path());
  REQUIRE(summary["groups"].size() == 3);
  for (const Json& entry : summary["comparisons"]) {
    CHECK(summary["groups"][entry["group"].get<std::size_t>()]["differing"]["likelihood"] == "bernoulli");
    CHECK(entry["metric"] != "log_likelihood");
  }
  CHECK_FALSE(summary["comparisons"].empty());
}
