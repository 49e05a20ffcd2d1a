#include "metrics.hpp"

#include <string_view>

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

std::optional<double> value_of(const Metric& metric, const RunRecord& run) {
  const Json& value = run.results[metric.key];
  if (value.is_null()) return std::nullopt;
  if (std::string_view(metric.key) != "log_likelihood") return value.get<double>();
  if (value["mean"].is_null()) return std::nullopt;
  return value["mean"].get<double>();
}

}  // namespace report
