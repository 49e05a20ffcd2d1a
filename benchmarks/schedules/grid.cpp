#include "grid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <variant>

#include "configuration.hpp"

namespace {

const Flag& known(const std::string& flag) {
  static const std::vector<Flag> flags = known_flags();
  if (flag == "out" || flag == "threads")
    throw GridError(flag + ": the grid itself decides where its runs go and how many threads each has");
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const Flag& f) { return f.name == flag; });
  if (found == flags.end()) throw GridError(flag + ": the MNIST example has no such flag (its --help lists them)");
  return *found;
}

/// "0..4"; nothing if it is no range.
bool read_range(const std::string& flag, std::string_view text, std::vector<std::string>& values) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return false;
  std::array<std::uint64_t, 2> ends{};
  const std::array<std::string_view, 2> parts{text.substr(0, dots), text.substr(dots + 2)};
  for (std::size_t i = 0; i < 2; ++i) {
    const char* const last = parts[i].data() + parts[i].size();
    const auto [end, error] = std::from_chars(parts[i].data(), last, ends[i]);
    if (error != std::errc{} || end != last) return false;
  }
  if (ends[1] < ends[0]) throw GridError("--" + flag + ": the range " + std::string(text) + " has nothing in it");
  if (ends[1] - ends[0] >= kMostRuns)
    throw GridError("--" + flag + ": the range " + std::string(text) + " has more than " + std::to_string(kMostRuns) +
                    " values");
  for (std::uint64_t value = ends[0];; ++value) {
    values.push_back(std::to_string(value));
    if (value == ends[1]) return true;
  }
}

std::size_t size_of(const Product& product) {
  std::size_t size = 1;
  for (const Axis& axis : product) {
    if (axis.values.empty()) throw GridError(axis.flag + ": the list of its values is empty");
    size = std::min(size, kMostRuns + 1) * std::min(axis.values.size(), kMostRuns + 1);  // far from overflow
  }
  return size;
}

Options parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> words{"mnist"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  std::ostringstream output;
  std::ostringstream errors;
  const auto parsed = parse_options(static_cast<int>(words.size()), words.data(), output, errors);
  if (const Options* options = std::get_if<Options>(&parsed)) return *options;
  std::string message = errors.str();
  message = message.substr(0, message.find('\n'));
  if (message.starts_with("mnist: ")) message.erase(0, 7);
  std::string all;
  for (const std::string& argument : arguments) all += ' ' + argument;
  throw GridError(message + " (in the run" + (all.empty() ? " without flags" : all) + ')');
}

std::string text_of(const nlohmann::ordered_json& value) {
  if (!value.is_number_float()) return value.dump();
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value.get<double>());
  return {digits.data(), written.ptr};
}

std::map<std::string, std::string> sorted_configuration(const Options& options) {
  const nlohmann::ordered_json resolved = configuration(options);
  std::map<std::string, std::string> sorted;
  for (const auto& [key, value] : resolved.items()) sorted[key] = text_of(value);
  return sorted;
}

/// What the runs differ in, in the order of config.json.
void name_runs(std::vector<Run>& runs) {
  std::map<std::string, std::set<std::string>> values;
  std::vector<nlohmann::ordered_json> all;
  for (const Run& run : runs) all.push_back(configuration(run.options));
  for (const nlohmann::ordered_json& resolved : all)
    for (const auto& [key, value] : resolved.items())
      if (!value.is_null()) values[key].insert(text_of(value));
  for (std::size_t i = 0; i < runs.size(); ++i)
    for (const auto& [key, value] : all[i].items()) {
      // What only some runs have, and those alike, follows from their schedule, likelihood or divergence.
      if (value.is_null() || values[key].size() < 2) continue;
      runs[i].text += (runs[i].text.empty() ? "" : " ") + key + '=';
      runs[i].text += value.is_string() ? value.get<std::string>() : text_of(value);
    }
}

}  // namespace

Axis read_axis(const std::string& flag, const std::vector<std::string>& given) {
  Axis axis{flag, {}};
  const bool whole = known(flag).is_text;
  for (const std::string& text : given) {
    if (whole) {
      axis.values.push_back(text);
      continue;
    }
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t to = std::min(text.find(',', from), text.size());
      const std::string item = text.substr(from, to - from);
      if (item.empty()) throw GridError("--" + flag + ": an empty value in '" + text + "'");
      if (!read_range(flag, item, axis.values)) axis.values.push_back(item);
      from = to + 1;
    }
  }
  return axis;
}

Grid expand(const std::vector<Product>& products) {
  Grid grid;
  std::size_t total = 0;
  for (const Product& product : products) {
    for (const Axis& axis : product) known(axis.flag);
    total = std::min(total + size_of(product), 2 * kMostRuns);
  }
  if (total == 0) throw GridError("the grid is empty");
  if (total > kMostRuns) throw GridError("the grid has more than " + std::to_string(kMostRuns) + " runs");

  std::map<std::string, std::string> seen;  // hash to text
  std::set<std::filesystem::path> data_folders;
  for (const Product& product : products) {
    const std::size_t size = size_of(product);
    for (std::size_t i = 0; i < size; ++i) {
      Run run;
      std::size_t rest = size;
      for (const Axis& axis : product) {
        rest /= axis.values.size();
        run.arguments.push_back("--" + axis.flag + '=' + axis.values[i / rest % axis.values.size()]);
      }
      run.options = parse(run.arguments);
      run.hash = hash_of(run.options);
      // Where data come from is not in the hash: with two places, runs on different data would be one.
      if (data_folders.insert(run.options.data.value_or("")).second && data_folders.size() > 1)
        throw GridError("--data: one folder for all runs; a run's name does not tell where its data came from");
      const std::string text = canonical_text(run.options);
      const auto [other, is_new] = seen.emplace(run.hash, text);
      if (is_new) {
        grid.runs.push_back(std::move(run));
      } else if (other->second == text) {
        ++grid.merged;
      } else {
        throw GridError("two runs have the same hash, " + run.hash + ": run them into folders of their own (--out)");
      }
    }
  }
  name_runs(grid.runs);
  return grid;
}

std::string canonical_text(const Options& options) {
  std::string text;
  for (const auto& [key, value] : sorted_configuration(options)) text += key + '=' + value + '\n';
  return text;
}

std::string hash_of(const Options& options) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : canonical_text(options)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) digits[i] = "0123456789abcdef"[hash & 15];
  return digits;
}
