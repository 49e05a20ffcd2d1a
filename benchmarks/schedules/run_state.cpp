#include "run_state.hpp"

#include <bvae/core/errors.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "options.hpp"
#include "report/run_record.hpp"
#include "workplace.hpp"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kLargestFile = std::size_t{1} << 20;
constexpr int kDeepest = 2;

Finding damaged(const fs::path& folder, const std::string& what) {
  return {State::kDamaged, folder.string() + ": " + what + "; delete this folder to do the run again", {}};
}

/// What is wrong with results that say to be of this format.
std::string fault(const Json& results) {
  for (const char* key :
       {"reconstruction", "kl", "active_units", "latents", "rate", "pixel_error", "epochs", "steps", "seconds"})
    if (!results.contains(key) || !results[key].is_number()) return std::string("no number '") + key + '\'';
  for (const char* key : {"kl_per_latent", "sigma_per_latent"})
    if (!results.contains(key) || !results[key].is_array()) return std::string("no list '") + key + '\'';
  for (const char* key : {"elbo", "distortion"})
    if (!results.contains(key) || !(results[key].is_number() || results[key].is_null()))
      return std::string("no number '") + key + '\'';
  if (!results.contains("stopped") || !(results["stopped"].is_null() || results["stopped"].is_string()))
    return "no word of whether it was stopped";
  return {};
}

}  // namespace

std::string_view name(State state) {
  constexpr std::array<std::string_view, 7> kNames{"done",    "to do",   "failed",       "interrupted",
                                                   "running", "damaged", "other version"};
  return kNames[static_cast<std::size_t>(state)];
}

Finding read_results(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return damaged(folder, "this is no folder");
  const fs::path path = folder / "results.json";
  if (!fs::exists(path, error)) return {State::kInterrupted, {}, {}};
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())
    return damaged(folder, "results.json cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestFile) return damaged(folder, "results.json has more than 1 MB");

  bool too_deep = false;
  const auto shallow = [&](int depth, Json::parse_event_t event, Json&) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start)
      too_deep = too_deep || depth >= kDeepest;
    return !too_deep;
  };
  const Json results = Json::parse(text, shallow, false);
  if (too_deep || !results.is_object()) return damaged(folder, "results.json is no JSON object, or was cut short");
  const auto text_of = [&](const char* key) {
    const auto found = results.find(key);
    return found != results.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string format = text_of("format");
  const std::string version = text_of("bvae");
  if (format.empty() || version.empty()) return damaged(folder, "results.json does not name its format and version");
  if (format != kResultsFormat || version != library_version())
    return {State::kOtherVersion,
            folder.string() + ": results.json is of bvae " + version + " (" + format + "), this is " +
                library_version() + " (" + kResultsFormat +
                "); delete this folder to do the run again, or take another --out",
            {}};
  if (const std::string what = fault(results); !what.empty()) return damaged(folder, "results.json has " + what);
  if (!results["stopped"].is_null()) return {State::kInterrupted, {}, {}};
  Finding done{State::kDone, {}, {}};
  if (results["elbo"].is_number()) done.elbo = results["elbo"].get<double>();
  return done;
}

Finding read_whole_run(const fs::path& folder) {
  Finding finding = read_results(folder);
  if (finding.state != State::kDone) return finding;
  try {
    (void)report::read_run(folder);
    return finding;
  } catch (const bvae::FileError& error) {
    return {State::kDamaged, std::string(error.what()) + "; delete " + folder.string() + " to do the run again", {}};
  }
}

Finding look(const fs::path& out, const std::string& hash) {
  std::error_code error;
  if (fs::symlink_status(out / hash, error).type() != fs::file_type::not_found) {
    Finding finding = read_whole_run(out / hash);
    if (finding.state != State::kInterrupted) return finding;
    return {is_locked(out, hash) ? State::kRunning : State::kInterrupted, {}, {}};
  }
  if (is_locked(out, hash)) return {State::kRunning, {}, {}};
  if (!leftovers(out, hash).empty()) return {State::kInterrupted, {}, {}};
  return {fs::exists(out / (hash + ".failed"), error) ? State::kFailed : State::kToDo, {}, {}};
}
