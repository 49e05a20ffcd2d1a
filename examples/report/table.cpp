#include <bvae/core/message.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "summary.hpp"

namespace report {

namespace {

std::string fixed(double value, int digits) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  const std::string number(text, end);
  return number.find_first_of("123456789") == std::string::npos && value < 0 ? number.substr(1) : number;  // no -0.00
}

/// As a terminal shows it: continuation bytes of UTF-8 take no place.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string sign_of(const Json& verdict) {
  if (verdict == "higher") return " \u25b2";
  if (verdict == "lower") return " \u25bc";
  if (verdict == "not told apart") return " \u2248";
  if (verdict == "same in every seed") return " =";
  return "  ";
}

const Json* comparison(const Json& summary, std::size_t group, const Json& metric) {
  for (const Json& entry : summary["comparisons"])
    if (entry["group"] == group && entry["metric"] == metric) return &entry;
  return nullptr;
}

std::string cell(const Json& summary, std::size_t group, const Json& metric) {
  const Json& value = summary["groups"][group]["metrics"][metric["key"].get<std::string>()];
  if (value.is_null()) return "-  ";
  const int digits = metric["digits"].get<int>();
  std::string text = fixed(value["mean"].get<double>(), digits);
  if (!value["low"].is_null())
    text += " \u00b1 " + fixed((value["high"].get<double>() - value["low"].get<double>()) / 2, digits);
  const Json* const compared = comparison(summary, group, metric["key"]);
  return text + (compared != nullptr ? sign_of((*compared)["verdict"]) : "  ");
}

std::string legend(const Json& summary) {
  std::string text = "\nmean of the seeds \u00b1 half of the 95 % interval (Student's t; none with one seed)\n";
  if (summary["comparisons"].empty()) return text;
  text +=
      "\u25b2 higher, \u25bc lower, \u2248 not told apart (paired by seed, Holm's correction at 5 % over a column) "
      "than:\n";
  if (std::any_of(summary["comparisons"].begin(), summary["comparisons"].end(),
                  [](const Json& entry) { return entry["verdict"] == "same in every seed"; }))
    text.insert(text.find("than:"), "= the same difference in every seed, which no test can judge, ");
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const Json& entry : summary["comparisons"]) {
    const std::pair pair(entry["group"].get<std::size_t>(), entry["baseline"].get<std::size_t>());
    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
  }
  const Json& groups = summary["groups"];
  const bool one =
      std::all_of(pairs.begin(), pairs.end(), [&](const auto& p) { return p.second == pairs.front().second; });
  if (one) return text + "  " + groups[pairs.front().second]["label"].get<std::string>() + '\n';
  for (const auto& [group, baseline] : pairs)
    text +=
        "  " + groups[baseline]["label"].get<std::string>() + "  (" + groups[group]["label"].get<std::string>() + ")\n";
  return text;
}

std::string exclusions(const Json& summary) {
  if (summary["excluded"].empty()) return {};
  std::string text = bvae::message("\n", summary["counts"]["excluded"].get<std::size_t>(), " of ",
                                   summary["counts"]["found"].get<std::size_t>(), " runs left out:\n");
  for (const Json& run : summary["excluded"])
    text += "  " + run["folder"].get<std::string>() + "  " + run["state"].get<std::string>() + ": " +
            run["reason"].get<std::string>() + '\n';
  return text;
}

}  // namespace

std::string table_of(const Json& summary) {
  std::vector<std::vector<std::string>> rows(1, {"", "seeds"});
  for (const Json& metric : summary["metrics"])
    if (metric["listed"] == true) rows.front().push_back(metric["title"].get<std::string>() + "  ");
  for (std::size_t g = 0; g < summary["groups"].size(); ++g) {
    const Json& group = summary["groups"][g];
    rows.push_back({group["label"].get<std::string>(), bvae::message(group["seeds"].size())});
    for (const Json& metric : summary["metrics"])
      if (metric["listed"] == true) rows.back().push_back(cell(summary, g, metric));
  }
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - width(row[c]), ' ');
      line += c == 0 ? row[c] + space : "  " + space + row[c];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text + legend(summary) + exclusions(summary);
}

}  // namespace report
