#include "results.hpp"

#include <bvae/io/atomic_file.hpp>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "options.hpp"

namespace {

template <class Value>
nlohmann::ordered_json value_or_null(const std::optional<Value>& value) {
  if (!value) return nullptr;
  return *value;
}

}  // namespace

void Training::remember(const bvae::StepEnd& step) {
  constexpr std::int64_t kMost = 400;
  beta = step.beta;
  const std::int64_t done = step.step - 1;
  if (done % ((step.run.total_steps + kMost - 1) / kMost) != 0) return;
  schedule_epoch.push_back(static_cast<double>(done) / static_cast<double>(step.run.steps_per_epoch));
  schedule_beta.push_back(step.beta);
}

void write_results(const std::filesystem::path& folder, const bvae::Evaluation& test, bool is_density,
                   const Findings& findings, const Training& training) {
  const std::optional<double> elbo = is_density ? std::optional(test.elbo()) : std::nullopt;
  const std::optional<double> distortion =
      is_density ? std::optional(test.reconstruction + test.constant) : std::nullopt;
  double seconds = 0;
  double samples = 0;
  for (const bvae::EpochRecord& epoch : training.history.epochs) {
    seconds += epoch.seconds;
    samples += epoch.seconds * epoch.samples_per_second;
  }

  nlohmann::ordered_json results;
  results["format"] = kResultsFormat;
  results["bvae"] = library_version();
  results["reconstruction"] = test.reconstruction;
  results["kl"] = test.kl;
  results["elbo"] = value_or_null(elbo);
  results["log_likelihood"] = nullptr;
  if (const auto& estimate = findings.log_likelihood)
    results["log_likelihood"] = {{"mean", estimate->mean}, {"draws", estimate->draws}};
  results["active_units"] = test.active_units();
  results["latents"] = test.kl_per_latent.size();
  results["kl_per_latent"] = std::vector<double>(test.kl_per_latent.begin(), test.kl_per_latent.end());
  results["sigma_per_latent"] = findings.sigmas;
  results["rate"] = test.kl;
  results["distortion"] = value_or_null(distortion);
  results["pixel_error"] = findings.pixel_error;
  results["beta"] = value_or_null(training.beta);
  results["schedule_epoch"] = training.schedule_epoch;
  results["schedule_beta"] = training.schedule_beta;
  results["stopped"] = nullptr;
  if (training.history.stopped()) results["stopped"] = training.history.stop_reason;
  results["epochs"] = training.history.epochs.size();
  results["steps"] = training.history.steps;
  results["seconds"] = seconds;
  results["samples_per_second"] = value_or_null(seconds > 0 ? std::optional(samples / seconds) : std::nullopt);

  bvae::AtomicFile file(folder / "results.json");
  file.write(results.dump(2) + '\n');
  file.commit();
}
