#include "summary.hpp"

#include <bvae/core/message.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "metrics.hpp"
#include "statistics.hpp"

namespace report {

namespace {

template <class Value>
Json value_or_null(const std::optional<Value>& value) {
  if (!value) return nullptr;
  return *value;
}

Json json_of(const std::optional<Estimate>& estimate) {
  if (!estimate) return nullptr;
  return {{"mean", estimate->mean},
          {"low", value_or_null(estimate->low)},
          {"high", value_or_null(estimate->high)},
          {"n", estimate->n}};
}

/// Columns of means and limits, one entry a point.
class Curve {
 public:
  void add(const std::vector<double>& values) {
    const std::optional<Estimate> at = estimate(values);
    mean_.push_back(at ? Json(at->mean) : Json(nullptr));
    low_.push_back(at ? value_or_null(at->low) : Json(nullptr));
    high_.push_back(at ? value_or_null(at->high) : Json(nullptr));
    n_.push_back(at ? at->n : 0);
  }
  [[nodiscard]] Json json() const { return {{"mean", mean_}, {"low", low_}, {"high", high_}, {"n", n_}}; }

 private:
  Json mean_ = Json::array();
  Json low_ = Json::array();
  Json high_ = Json::array();
  Json n_ = Json::array();
};

Json over_time(const Group& group, const std::vector<RunRecord>& runs) {
  std::size_t epochs = 0;
  for (const std::size_t run : group.runs) epochs = std::max(epochs, runs[run].epochs.size());
  Json result;
  result["epoch"] = Json::array();
  for (std::size_t e = 0; e < epochs; ++e) result["epoch"].push_back(e + 1);
  const auto add = [&](const char* key, std::optional<double> EpochLine::*member) {
    Curve curve;
    for (std::size_t e = 0; e < epochs; ++e) {
      std::vector<double> values;
      for (const std::size_t run : group.runs)
        if (e < runs[run].epochs.size())
          if (const auto value = runs[run].epochs[e].*member) values.push_back(*value);
      curve.add(values);
    }
    result[key] = curve.json();
  };
  add("beta", &EpochLine::beta);
  add("reconstruction", &EpochLine::reconstruction);
  add("kl", &EpochLine::kl);
  add("active_units", &EpochLine::active_units);
  return result;
}

/// Beta over training at the steps that results.json has: those that all runs of the group have, as each has when it
/// came to its end. Null if there are none.
Json schedule(const Group& group, const std::vector<RunRecord>& runs) {
  const Json& epochs = runs[group.runs.front()].results["schedule_epoch"];
  for (const std::size_t run : group.runs)
    if (runs[run].results["schedule_epoch"] != epochs) return nullptr;
  if (epochs.empty()) return nullptr;
  Curve curve;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    std::vector<double> values;
    for (const std::size_t run : group.runs) values.push_back(runs[run].results["schedule_beta"][i].get<double>());
    curve.add(values);
  }
  Json result = curve.json();
  result["epoch"] = epochs;
  return result;
}

/// Latents have no order of their own: each run's largest is compared with the others' largest, and so on.
Json sorted_latents(const char* key, const Group& group, const std::vector<RunRecord>& runs) {
  std::vector<std::vector<double>> sorted;
  for (const std::size_t run : group.runs) {
    sorted.push_back(runs[run].results[key].get<std::vector<double>>());
    std::sort(sorted.back().rbegin(), sorted.back().rend());
  }
  Curve curve;
  for (std::size_t d = 0; d < sorted.front().size(); ++d) {
    std::vector<double> values;
    for (const auto& run : sorted) values.push_back(run[d]);
    curve.add(values);
  }
  return curve.json();
}

std::vector<Seeded> values_of(const Metric& metric, const Group& group, const std::vector<RunRecord>& runs) {
  std::vector<Seeded> values;
  for (const std::size_t run : group.runs)
    if (const auto value = value_of(metric, runs[run])) values.push_back({runs[run].seed, *value});
  return values;
}

Json json_of(const Group& group, const std::vector<RunRecord>& runs) {
  Json result{{"label", group.label}, {"differing", group.differing}};
  result["seeds"] = Json::array();
  for (const std::size_t run : group.runs) result["seeds"].push_back(runs[run].seed);
  result["runs"] = group.runs;
  for (const Metric& metric : metrics()) {
    std::vector<double> values;
    for (const Seeded& run : values_of(metric, group, runs)) values.push_back(run.value);
    result["metrics"][metric.key] = json_of(estimate(values));
  }
  result["over_time"] = over_time(group, runs);
  result["over_time"]["schedule"] = schedule(group, runs);
  result["kl_per_latent"] = sorted_latents("kl_per_latent", group, runs);
  result["sigma_per_latent"] = sorted_latents("sigma_per_latent", group, runs);
  return result;
}

/// All comparisons of one metric: they are corrected together.
void compare(const Metric& metric, const std::vector<Group>& groups, const std::vector<RunRecord>& runs,
             const std::vector<std::optional<std::size_t>>& baseline, Json& comparisons) {
  std::vector<double> tested;
  std::vector<Json> found;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!baseline[g]) continue;
    // More draws make a tighter bound: that is no difference of the models.
    if (std::string_view(metric.key) == "log_likelihood" &&
        groups[g].config.value("draws", Json(nullptr)) != groups[*baseline[g]].config.value("draws", Json(nullptr)))
      continue;
    const PairedDifference pair =
        paired_difference(values_of(metric, groups[g], runs), values_of(metric, groups[*baseline[g]], runs));
    Json entry{{"metric", metric.key}, {"group", g}, {"baseline", *baseline[g]}, {"seeds", pair.seeds}};
    entry["difference"] = json_of(pair.difference);
    entry["p"] = value_or_null(pair.p);
    entry["p_holm"] = nullptr;
    entry["verdict"] = nullptr;
    entry["note"] = nullptr;
    if (pair.p) {
      tested.push_back(*pair.p);
    } else if (pair.seeds.size() < 2) {
      entry["note"] = bvae::message(pair.seeds.size(), " common seed", pair.seeds.empty() ? "s" : "",
                                    ": at least 2 are needed to judge");
    } else {
      // No test can judge it. If it is none, that is said; if it is one, that it is in every seed.
      const double difference = entry["difference"]["mean"].get<double>();
      const bool none = std::abs(difference) <= 1e-9 * std::abs(values_of(metric, groups[g], runs).front().value);
      entry["verdict"] = none ? "not told apart" : "same in every seed";
      entry["note"] = "all differences are equal, so their spread cannot be estimated";
      entry["difference"]["low"] = nullptr;
      entry["difference"]["high"] = nullptr;
    }
    found.push_back(std::move(entry));
  }
  const std::vector<double> corrected = holm(tested);
  for (std::size_t next = 0; Json & entry : found) {
    if (!entry["p"].is_null()) {
      const double p = corrected[next++];
      entry["p_holm"] = p;
      const double mean = entry["difference"]["mean"].get<double>();
      entry["verdict"] = p > kSignificance ? "not told apart" : mean > 0 ? "higher" : "lower";
    }
    comparisons.push_back(std::move(entry));
  }
}

Json json_of(const Metric& metric) {
  return {{"key", metric.key},       {"title", metric.title},    {"unit", metric.unit},
          {"better", metric.better}, {"digits", metric.digits},  {"compared", metric.compared},
          {"listed", metric.listed}, {"meaning", metric.meaning}};
}

/// What the configurations of all runs have in common.
Json common_config(const std::vector<Group>& groups) {
  Json common = Json::object();
  for (const auto& [key, value] : groups.front().config.items())
    if (!groups.front().differing.contains(key)) common[key] = value;
  return common;
}

Json counts(const Collection& collection) {
  const std::size_t read = collection.runs.size();
  const std::size_t excluded = collection.excluded.size();
  return {{"found", read + excluded},
          {"read", read},
          {"excluded", excluded},
          {"excluded_share", static_cast<double>(excluded) / static_cast<double>(read + excluded)}};
}

}  // namespace

Json summarise(const Collection& collection, const std::optional<std::string>& baseline, bool single_run) {
  const std::vector<RunRecord>& runs = collection.runs;
  const std::vector<Group> groups = make_groups(runs);
  const std::vector<std::optional<std::size_t>> compared_with = baselines(groups, baseline);
  Json summary{{"format", kSummaryFormat}, {"bvae", library_version()}, {"kind", single_run ? "run" : "grid"}};
  summary["confidence"] = kConfidence;
  summary["significance"] = kSignificance;
  summary["counts"] = counts(collection);
  summary["excluded"] = Json::array();
  for (const Excluded& run : collection.excluded)
    summary["excluded"].push_back({{"folder", run.folder}, {"state", run.state}, {"reason", run.reason}});
  std::set<std::uint64_t> seeds;
  for (const RunRecord& run : runs) seeds.insert(run.seed);
  summary["seeds"] = seeds;
  summary["common"] = common_config(groups);
  summary["metrics"] = Json::array();
  for (const Metric& metric : metrics()) summary["metrics"].push_back(json_of(metric));
  summary["groups"] = Json::array();
  for (const Group& group : groups) summary["groups"].push_back(json_of(group, runs));
  summary["comparisons"] = Json::array();
  for (const Metric& metric : metrics())
    if (metric.compared) compare(metric, groups, runs, compared_with, summary["comparisons"]);
  std::vector<std::size_t> group_of(runs.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (const std::size_t run : groups[g].runs) group_of[run] = g;
  summary["runs"] = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Json results = runs[i].results;
    results["sigma_spread"] = sigma_spread(results);
    for (const char* column : {"schedule_epoch", "schedule_beta"}) results.erase(column);  // the groups have them
    summary["runs"].push_back({{"folder", runs[i].name},
                               {"group", group_of[i]},
                               {"seed", runs[i].seed},
                               {"config", runs[i].config},
                               {"results", results},
                               {"pictures", runs[i].pictures}});
  }
  return summary;
}

std::string text_of(const Json& summary) {
  std::string text = summary.dump(1, ' ', false, Json::error_handler_t::replace);
  // In JSON a '<' stands in texts only, where its number means the same; so `</script` and `<!--` cannot come up.
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
  return text + '\n';
}

}  // namespace report
