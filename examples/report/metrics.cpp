#include "metrics.hpp"

#include <cmath>
#include <string_view>
#include <vector>

namespace report {

namespace {

constexpr Metric kMetrics[] = {
    {.key = "elbo",
     .title = "ELBO",
     .unit = "nats",
     .better = "higher",
     .digits = 2,
     .compared = true,
     .listed = true,
     .meaning = "lower bound of log p(x) on the test images at beta = 1, mean of the images"},
    {.key = "log_likelihood",
     .title = "log p(x)",
     .unit = "nats",
     .better = "higher",
     .digits = 2,
     .compared = true,
     .listed = true,
     .meaning = "importance-weighted estimate of log p(x), a tighter lower bound than the ELBO"},
    {.key = "reconstruction",
     .title = "Reconstruction",
     .unit = "nats",
     .better = "lower",
     .digits = 2,
     .compared = true,
     .listed = true,
     .meaning = "the reconstruction term of the objective"},
    {.key = "kl",
     .title = "KL",
     .unit = "nats",
     .better = "",
     .digits = 2,
     .compared = true,
     .listed = true,
     .meaning = "divergence of the posterior from the prior: what the latents tell of an image"},
    {.key = "active_units",
     .title = "Active units",
     .unit = "",
     .better = "",
     .digits = 1,
     .compared = true,
     .listed = true,
     .meaning = "latents that the encoder uses"},
    {.key = "sigma_spread",
     .title = "Sigma spread",
     .unit = "",
     .better = "",
     .digits = 3,
     .compared = true,
     .listed = true,
     .meaning =
         "standard deviation, over the latents, of the posterior's sigma: 0 if all are alike, as after a collapse"},
    {.key = "pixel_error",
     .title = "Pixel error",
     .unit = "",
     .better = "lower",
     .digits = 4,
     .compared = true,
     .listed = true,
     .meaning = "mean square difference of image and reconstruction"},
    {.key = "seconds",
     .title = "Training",
     .unit = "s",
     .better = "",
     .digits = 1,
     .compared = false,
     .listed = true,
     .meaning = "time of training without evaluation; depends on what else the machine did"},
    {.key = "rate",
     .title = "Rate",
     .unit = "nats",
     .better = "",
     .digits = 2,
     .compared = false,
     .listed = false,
     .meaning = "KL on the test images"},
    {.key = "distortion",
     .title = "Distortion",
     .unit = "nats",
     .better = "",
     .digits = 2,
     .compared = false,
     .listed = false,
     .meaning = "-E log p(x|z) with the constant of the likelihood"},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

double sigma_spread(const Json& results) {
  const auto sigmas = results["sigma_per_latent"].get<std::vector<double>>();
  double sum = 0;
  for (const double sigma : sigmas) sum += sigma;
  const double mean = sum / static_cast<double>(sigmas.size());
  double squares = 0;
  for (const double sigma : sigmas) squares += (sigma - mean) * (sigma - mean);
  return std::sqrt(squares / static_cast<double>(sigmas.size()));
}

std::optional<double> value_of(const Metric& metric, const RunRecord& run) {
  if (std::string_view(metric.key) == "sigma_spread") return sigma_spread(run.results);
  const Json& value = run.results[metric.key];
  if (value.is_null()) return std::nullopt;
  if (std::string_view(metric.key) != "log_likelihood") return value.get<double>();
  if (value["mean"].is_null()) return std::nullopt;
  return value["mean"].get<double>();
}

}  // namespace report
