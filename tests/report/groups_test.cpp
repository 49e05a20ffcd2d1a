#include "report/groups.hpp"

#include <stdexcept>

#include "support/catch.hpp"

using namespace report;

namespace {

/// A run with a configuration and nothing else.
RunRecord run_of(std::uint64_t seed, const Json& differing) {
  RunRecord run;
  run.seed = seed;
  run.config = {
      {"dataset", "bundled"},     {"model", "mlp"},   {"beta", 1.0},  {"beta_norm", 0.1}, {"schedule", "constant"},
      {"warmup_epochs", nullptr}, {"free_bits", 0.0}, {"seed", seed}, {"threads", 1},     {"data", "here"}};
  run.config.update(differing);
  return run;
}

std::vector<std::string> labels(const std::vector<Group>& groups) {
  std::vector<std::string> result;
  for (const Group& group : groups) result.push_back(group.label);
  return result;
}

const Json kWarmUp{{"schedule", "warmup"}, {"warmup_epochs", 2.0}, {"beta_changes", "step"}, {"beta_from", 0.0}};

Json with(Json config, const Json& more) {
  config.update(more);
  return config;
}

}  // namespace

TEST_CASE("Runs that differ in seed, threads and data path alone are one group, by seed", "[report]") {
  const std::vector<RunRecord> runs{run_of(2, {{"threads", 4}}), run_of(0, Json::object()),
                                    run_of(1, {{"data", "there"}})};
  const std::vector<Group> groups = make_groups(runs);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].label == "constant, beta 1");
  CHECK(groups[0].runs == std::vector<std::size_t>{1, 2, 0});
  CHECK(groups[0].differing.empty());
  CHECK_FALSE(groups[0].config.contains("seed"));
}

TEST_CASE("The order of the keys in config.json makes no group", "[report]") {
  RunRecord turned = run_of(1, Json::object());
  Json config = Json::object();
  for (auto entry = turned.config.rbegin(); entry != turned.config.rend(); ++entry) config[entry.key()] = *entry;
  turned.config = config;
  CHECK(make_groups({run_of(0, Json::object()), turned}).size() == 1);
  CHECK(fingerprint(turned) == fingerprint(run_of(1, {{"threads", 9}})));
  CHECK(fingerprint(turned) != fingerprint(run_of(0, Json::object())));
  CHECK(fingerprint(turned) != fingerprint(run_of(1, {{"beta", 2.0}})));
}

TEST_CASE("Labels name what differs, schedule and beta first, and what follows from them only where it must",
          "[report]") {
  const Json beta4{{"beta", 4.0}, {"beta_norm", 0.4}};
  const std::vector<RunRecord> runs{run_of(0, with(kWarmUp, beta4)), run_of(0, kWarmUp), run_of(0, beta4),
                                    run_of(0, Json::object())};
  CHECK(labels(make_groups(runs)) ==
        std::vector<std::string>{"constant, beta 1", "constant, beta 4", "warmup, beta 1", "warmup, beta 4"});
  const std::vector<Group> slower =
      make_groups({run_of(0, kWarmUp), run_of(0, with(kWarmUp, {{"warmup_epochs", 5.0}}))});
  CHECK(labels(slower) == std::vector<std::string>{"warmup epochs 2", "warmup epochs 5"});
  CHECK(slower[0].differing == Json{{"warmup_epochs", 2.0}});
  const std::vector<Group> mixed =
      make_groups({run_of(0, Json::object()), run_of(0, kWarmUp), run_of(0, with(kWarmUp, {{"beta_from", 0.5}}))});
  CHECK(labels(mixed) == std::vector<std::string>{"constant", "warmup, beta from 0", "warmup, beta from 0.5"});
  CHECK(mixed[0].differing["beta_from"].is_null());
}

TEST_CASE("Numbers are sorted as numbers", "[report]") {
  CHECK(labels(make_groups({run_of(0, {{"beta", 10.0}}), run_of(0, {{"beta", 9.0}}), run_of(0, {{"beta", 0.5}})})) ==
        std::vector<std::string>{"beta 0.5", "beta 9", "beta 10"});
}

TEST_CASE("Each is compared with the constant schedule at its own beta, and that with the first group", "[report]") {
  const Json beta4{{"beta", 4.0}};
  const std::vector<Group> groups =
      make_groups({run_of(0, with(kWarmUp, beta4)), run_of(0, kWarmUp), run_of(0, beta4), run_of(0, Json::object()),
                   run_of(0, with(beta4, {{"free_bits", 0.1}}))});
  const std::vector<std::string> known{"constant, beta 1, free bits 0", "constant, beta 4, free bits 0",
                                       "constant, beta 4, free bits 0.1", "warmup, beta 1, free bits 0",
                                       "warmup, beta 4, free bits 0"};
  REQUIRE(labels(groups) == known);
  using Index = std::optional<std::size_t>;
  CHECK(baselines(groups, std::nullopt) == std::vector<Index>{std::nullopt, 0, 1, 0, 1});
  CHECK(baselines(groups, known[3]) == std::vector<Index>{3, 3, 3, std::nullopt, 3});
  CHECK_THROWS_WITH(baselines(groups, "warm-up"),
                    ContainsSubstring("no group has the label \"warm-up\"") && ContainsSubstring(known[4]));
}

TEST_CASE("Without a constant schedule the first group is the baseline, but never one on other data", "[report]") {
  const Json cyclical{{"schedule", "cyclical"}};
  using Index = std::optional<std::size_t>;
  CHECK(baselines(make_groups({run_of(0, kWarmUp), run_of(0, cyclical)}), std::nullopt) ==
        std::vector<Index>{std::nullopt, 0});
  CHECK(baselines(make_groups({run_of(0, kWarmUp), run_of(0, with(kWarmUp, {{"dataset", "mnist"}}))}), std::nullopt) ==
        std::vector<Index>{std::nullopt, std::nullopt});
}
