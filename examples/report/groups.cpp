#include "groups.hpp"

#include <bvae/core/message.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace report {

namespace {

Json shared_config(const RunRecord& run) {
  Json shared = Json::object();
  for (const auto& [key, value] : run.config.items())
    if (!is_of_the_run_alone(key)) shared[key] = value;
  return shared;
}

/// Sorted by key: two configurations are equal whatever the order in their files.
std::string sorted_text(const Json& config) {
  return nlohmann::json(config).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

Json value_or_null(const Json& config, const std::string& key) {
  const auto value = config.find(key);
  return value == config.end() ? Json(nullptr) : *value;
}

/// Follow from other keys: a label names them only if nothing else tells two groups apart.
bool follows_from_others(std::string_view key) {
  constexpr std::array<std::string_view, 5> kKeys{"beta_norm", "parameters", "latents", "train_samples",
                                                  "test_samples"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

/// In which the groups differ: those that a reader asks for first, then in config.json's order.
std::vector<std::string> differing_keys(const std::vector<Group>& groups) {
  std::vector<std::string> keys{"schedule", "beta", "free_bits"};
  for (const Group& group : groups)
    for (const auto& [key, value] : group.config.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  std::erase_if(keys, [&](const std::string& key) {
    return std::all_of(groups.begin(), groups.end(), [&](const Group& group) {
      return value_or_null(group.config, key) == value_or_null(groups.front().config, key);
    });
  });
  return keys;
}

std::string readable(const std::string& key, const Json& value) {
  if (key == "schedule" && value.is_string()) return value.get<std::string>();
  std::string name = key;
  std::replace(name.begin(), name.end(), '_', ' ');
  if (value.is_string()) return name + ' ' + value.get<std::string>();
  if (value.is_number_float()) return bvae::message(name, ' ', value.get<double>());
  return name + ' ' + value.dump();
}

std::string label_of(const Group& group, const std::vector<std::string>& keys) {
  std::string label;
  for (const std::string& key : keys) {
    const Json value = value_or_null(group.config, key);
    if (value.is_null()) continue;
    if (!label.empty()) label += ", ";
    label += readable(key, value);
  }
  return label;
}

std::size_t count_of_labels(const std::vector<Group>& groups, const std::vector<std::string>& keys) {
  std::set<std::string> labels;
  for (const Group& group : groups) labels.insert(label_of(group, keys));
  return labels.size();
}

/// Those that all groups have, and of the others only what it takes to tell groups apart: what belongs to one schedule
/// alone follows from its name more often than not.
std::vector<std::string> label_keys(const std::vector<Group>& groups, const std::vector<std::string>& differing) {
  std::vector<std::string> keys;
  std::vector<std::string> others;
  for (const std::string& key : differing) {
    const bool everywhere = std::none_of(groups.begin(), groups.end(),
                                         [&](const Group& g) { return value_or_null(g.config, key).is_null(); });
    const bool first = key == "schedule" || key == "beta" || key == "free_bits";
    (first || (everywhere && !follows_from_others(key)) ? keys : others).push_back(key);
  }
  for (std::size_t labels = count_of_labels(groups, keys); const std::string& key : others) {
    keys.push_back(key);
    const std::size_t more = count_of_labels(groups, keys);
    if (more == labels) keys.pop_back();
    labels = more;
  }
  if (keys.empty()) keys = {"schedule", "beta"};
  return keys;
}

/// For a stable order that does not depend on the folders' names.
bool comes_before(const Json& a, const Json& b) {
  const auto rank = [](const Json& value) { return value == "constant" ? -1 : value.is_null() ? 1 : 0; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a < b;
}

/// Whether numbers of the two mean the same: nats of one likelihood on the same data.
bool is_comparable(const Json& a, const Json& b) {
  constexpr const char* kKeys[] = {"dataset",      "binarization",   "likelihood",  "sigma",   "pixel_term",
                                   "pixel_weight", "feature_weight", "ssim_weight", "features"};
  return std::all_of(std::begin(kKeys), std::end(kKeys),
                     [&](const char* key) { return value_or_null(a, key) == value_or_null(b, key); });
}

bool is_plain(const Json& config) { return config["schedule"] == "constant" && config["free_bits"] == 0; }

/// Whether `group` is `plain` but for its schedule and free bits. What `plain` has no key for is its schedule's.
bool differs_in_schedule_alone(const Json& group, const Json& plain) {
  for (const auto& [key, value] : plain.items()) {
    if (key == "schedule" || key == "warmup_epochs" || key == "free_bits" || key == "free_bits_form") continue;
    if (value_or_null(group, key) != value) return false;
  }
  return true;
}

}  // namespace

bool is_of_the_run_alone(const std::string& key) {
  return key == "seed" || key == "threads" || key == "data" || key == "dataset_asked_for";
}

std::string fingerprint(const RunRecord& run) { return bvae::message(run.seed, ' ', sorted_text(shared_config(run))); }

std::vector<Group> make_groups(const std::vector<RunRecord>& runs) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Json config = shared_config(runs[i]);
    const auto [entry, is_new] = known.try_emplace(sorted_text(config), groups.size());
    if (is_new) groups.push_back({.config = config});
    groups[entry->second].runs.push_back(i);
  }
  const std::vector<std::string> differing = differing_keys(groups);
  const std::vector<std::string> in_label = label_keys(groups, differing);
  for (Group& group : groups) {
    group.label = label_of(group, in_label);
    group.differing = Json::object();
    for (const std::string& key : differing) group.differing[key] = value_or_null(group.config, key);
    std::sort(group.runs.begin(), group.runs.end(),
              [&](std::size_t a, std::size_t b) { return runs[a].seed < runs[b].seed; });
  }
  std::stable_sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
    for (const std::string& key : differing) {
      const Json left = a.differing[key];
      const Json right = b.differing[key];
      if (left != right) return comes_before(left, right);
    }
    return false;
  });
  return groups;
}

std::vector<std::optional<std::size_t>> baselines(const std::vector<Group>& groups,
                                                  const std::optional<std::string>& label) {
  std::vector<std::optional<std::size_t>> result(groups.size());
  if (label) {
    const auto named = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.label == *label; });
    if (named == groups.end()) {
      std::string known;
      for (const Group& group : groups) known += "\n  " + group.label;
      throw std::invalid_argument(bvae::message("no group has the label \"", *label, "\"; the groups are:", known));
    }
    const auto index = static_cast<std::size_t>(named - groups.begin());
    for (std::size_t g = 0; g < groups.size(); ++g)
      if (g != index && is_comparable(groups[g].config, groups[index].config)) result[g] = index;
    return result;
  }
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto plain = std::find_if(groups.begin(), groups.end(), [&](const Group& other) {
      return &other != &groups[g] && is_plain(other.config) &&
             differs_in_schedule_alone(groups[g].config, other.config);
    });
    if (plain != groups.end()) {
      result[g] = static_cast<std::size_t>(plain - groups.begin());
      continue;
    }
    for (std::size_t first = 0; first < g && !result[g]; ++first)
      if (is_comparable(groups[first].config, groups[g].config)) result[g] = first;
  }
  return result;
}

}  // namespace report
