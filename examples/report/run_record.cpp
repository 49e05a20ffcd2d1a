#include "run_record.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/core/message.hpp>
#include <bvae/version.hpp>

#include <algorithm>
#include <string_view>

#include "checked_json.hpp"

namespace report {

namespace {

namespace fs = std::filesystem;

constexpr auto kNoOffset = bvae::FileError::kNoOffset;

CheckedObject read_object(const fs::path& file) { return {file, read_whole(file), kNoOffset}; }

void require_this_version(const CheckedObject& object) {
  const std::string version = object.text("bvae");
  if (version != library_version())
    object.fail(bvae::message("a run of bvae ", library_version()), bvae::message("one of bvae ", version));
}

Json read_config(const fs::path& file, std::uint64_t& seed) {
  const CheckedObject config = read_object(file);
  require_this_version(config);
  config.require_flat();
  for (const char* key : {"dataset", "model", "schedule", "divergence", "likelihood"}) (void)config.text(key);
  for (const char* key : {"epochs", "latents"}) (void)config.whole_number(key);
  (void)config.number_or_null("beta");
  (void)config.number("free_bits");
  seed = config.whole_number("seed");
  return config.object();
}

void require_one_a_latent(const CheckedObject& results, const char* key) {
  const std::size_t found = results.numbers(key).size();
  if (found != results.whole_number("latents"))
    results.fail(bvae::message(results.whole_number("latents"), " numbers in \"", key, "\", one a latent"),
                 bvae::message(found));
}

/// Beta over training: where, and its values.
void require_two_columns(const CheckedObject& results) {
  const Json& epochs = results.at("schedule_epoch");
  const Json& betas = results.at("schedule_beta");
  for (const Json* column : {&epochs, &betas}) {
    const bool numbers = column->is_array() && std::all_of(column->begin(), column->end(),
                                                           [](const Json& value) { return value.is_number(); });
    if (!numbers) results.fail("lists of numbers as \"schedule_epoch\" and \"schedule_beta\"", "something else");
  }
  if (epochs.size() != betas.size())
    results.fail(bvae::message(epochs.size(), " numbers in \"schedule_beta\", one for each in \"schedule_epoch\""),
                 bvae::message(betas.size()));
}

/// The keys of the format alone: what else a file holds is not passed on.
Json read_results(const fs::path& file, std::optional<std::string>& stopped) {
  const CheckedObject results = read_object(file);
  if (const std::string format = results.text("format"); format != kResultsFormat)
    results.fail(bvae::message("the format ", kResultsFormat), format);
  require_this_version(results);
  for (const char* key :
       {"reconstruction", "kl", "elbo", "rate", "distortion", "pixel_error", "beta", "seconds", "samples_per_second"})
    (void)results.number_or_null(key);
  for (const char* key : {"active_units", "latents", "epochs", "steps"}) (void)results.whole_number(key);
  for (const char* key : {"kl_per_latent", "sigma_per_latent"}) require_one_a_latent(results, key);
  if (const Json& estimate = results.at("log_likelihood"); !estimate.is_null()) {
    const bool whole = estimate.is_object() && estimate.contains("mean") && estimate.contains("draws") &&
                       (estimate["mean"].is_number() || estimate["mean"].is_null()) &&
                       estimate["draws"].is_number_unsigned();
    if (!whole) results.fail("null or an object with \"mean\" and \"draws\" as \"log_likelihood\"", "something else");
  }
  stopped = results.text_or_null("stopped");
  require_two_columns(results);
  Json known;
  for (const char* key : {"reconstruction", "kl", "elbo", "log_likelihood", "active_units", "latents", "kl_per_latent",
                          "sigma_per_latent", "rate", "distortion", "pixel_error", "beta", "schedule_epoch",
                          "schedule_beta", "stopped", "epochs", "steps", "seconds", "samples_per_second"})
    known[key] = results.at(key);
  return known;
}

std::vector<EpochLine> read_metrics(const fs::path& file, std::uint64_t epochs) {
  const std::string text = read_whole(file);
  std::vector<EpochLine> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    const auto offset = static_cast<std::int64_t>(start);
    if (end == std::string::npos) throw bvae::FileError(file.string(), offset, "a line with its end", "a cut one");
    const CheckedObject line(file, text.substr(start, end - start), offset);
    const auto epoch = static_cast<std::int64_t>(line.whole_number("epoch"));
    const auto expected = static_cast<std::int64_t>(lines.size()) + 1;
    if (epoch != expected) line.fail(bvae::message("epoch ", expected), bvae::message("epoch ", epoch));
    lines.push_back({.epoch = epoch,
                     .beta = line.number_or_null("beta"),
                     .reconstruction = line.number_or_null("test_reconstruction"),
                     .kl = line.number_or_null("test_kl"),
                     .active_units = line.number_or_null("active_units")});
    start = end + 1;
  }
  if (lines.size() != epochs)
    throw bvae::FileError(file.string(), kNoOffset, bvae::message(epochs, " epochs, as results.json says"),
                          bvae::message(lines.size()));
  return lines;
}

}  // namespace

std::string library_version() {
  return bvae::message(BVAE_VERSION_MAJOR, '.', BVAE_VERSION_MINOR, '.', BVAE_VERSION_PATCH);
}

std::string read_picture(const fs::path& file) {
  using std::string_view_literals::operator""sv;
  std::string bytes = read_whole(file);
  if (!bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) throw bvae::FileError(file.string(), 0, "a PNG", "something else");
  if (!bytes.ends_with("IEND\xae\x42\x60\x82"sv))
    throw bvae::FileError(file.string(), static_cast<std::int64_t>(bytes.size()), "a PNG's last chunk", "the end");
  return bytes;
}

RunRecord read_run(const fs::path& folder) {
  if (std::error_code error; !fs::is_directory(folder, error))
    throw bvae::FileError(folder.string(), kNoOffset, "a run's folder", "none");
  RunRecord run{.folder = folder};
  // "runs/x/" and "." have a name too.
  fs::path whole = fs::absolute(folder).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  run.name = whole.filename().string();
  run.config = read_config(folder / "config.json", run.seed);
  run.results = read_results(folder / "results.json", run.stopped);
  if (run.results["latents"] != run.config["latents"])
    throw bvae::FileError((folder / "results.json").string(), kNoOffset,
                          bvae::message(run.config["latents"].get<std::uint64_t>(), " latents, as config.json says"),
                          bvae::message(run.results["latents"].get<std::uint64_t>()));
  run.epochs = read_metrics(folder / "metrics.jsonl", run.results["epochs"].get<std::uint64_t>());
  run.pictures = {"reconstructions.png", "samples.png", "traversal.png"};
  if (run.results["latents"] == 2u) run.pictures.push_back("manifold.png");
  for (const std::string& picture : run.pictures) (void)read_picture(folder / picture);
  return run;
}

}  // namespace report
