#include <algorithm>
#include <initializer_list>
#include <ostream>

#include "flags.hpp"

namespace flags {

/// Flags that were given and change nothing: those that only another choice reads.
void report_idle(const CLI::App& app, const Options& options, std::ostream& errors) {
  struct Reader {
    const char* flag;
    const char* choice;
    const std::string& chosen;
    std::vector<std::string> readers;
  };
  const std::string& likelihood = options.likelihood;
  const std::string& divergence = options.divergence;
  const std::string& schedule = options.schedule;
  for (const Reader& reader : std::initializer_list<Reader>{
           {"--beta",
            "--schedule",
            schedule,
            {"constant", "linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "sequence", "geco"}},
           {"--beta-from",
            "--schedule",
            schedule,
            {"linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "sequence"}},
           {"--hold-epochs", "--schedule", schedule, {"warmup"}},
           {"--warmup-epochs", "--schedule", schedule, {"linear", "warmup", "cosine", "sigmoid", "exponential"}},
           {"--beta-changes",
            "--schedule",
            schedule,
            {"linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "piecewise", "sequence"}},
           {"--cycles", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--cycle-ramp", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--cycle-shape", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--steepness", "--schedule", schedule, {"sigmoid", "sequence"}},
           {"--beta-points", "--schedule", schedule, {"piecewise"}},
           {"--beta-path", "--schedule", schedule, {"piecewise"}},
           {"--phases", "--schedule", schedule, {"sequence"}},
           {"--target-reconstruction", "--schedule", schedule, {"geco"}},
           {"--geco-decay", "--schedule", schedule, {"geco"}},
           {"--geco-every", "--schedule", schedule, {"geco"}},
           {"--geco-rate", "--schedule", schedule, {"geco"}},
           {"--geco-slowest", "--schedule", schedule, {"geco"}},
           {"--geco-fastest", "--schedule", schedule, {"geco"}},
           {"--target-kl", "--schedule", schedule, {"pid"}},
           {"--pid-kp", "--schedule", schedule, {"pid"}},
           {"--pid-ki", "--schedule", schedule, {"pid"}},
           {"--pid-kd", "--schedule", schedule, {"pid"}},
           {"--beta-min", "--schedule", schedule, {"geco", "pid"}},
           {"--beta-max", "--schedule", schedule, {"geco", "pid"}},
           {"--sigma",
            options.sees_images() ? "--pixel-term" : "--likelihood",
            options.pixels(),
            {"gaussian", "laplace"}},
           {"--pixel-term", "--likelihood", likelihood, {"perceptual", "vgg", "ssim", "ms-ssim"}},
           {"--pixel-weight", "--likelihood", likelihood, {"perceptual", "vgg", "ssim", "ms-ssim"}},
           {"--ssim-weight", "--likelihood", likelihood, {"ssim", "ms-ssim"}},
           {"--feature-weight", "--likelihood", likelihood, {"perceptual", "vgg"}},
           {"--features", "--likelihood", likelihood, {"perceptual", "vgg"}},
           {"--draws",
            "--likelihood",
            likelihood,
            {"bernoulli", "gaussian", "laplace", "continuous-bernoulli", "learned-gaussian", "gaussian-per-pixel"}},
           {"--free-bits", "--divergence", divergence, {"kl"}},
           {"--free-bits-form", "--divergence", divergence, {"kl"}},
           {"--capacity", "--divergence", divergence, {"capacity"}},
           {"--capacity-epochs", "--divergence", divergence, {"capacity"}},
           {"--gamma", "--divergence", divergence, {"capacity"}},
           {"--mi-weight", "--divergence", divergence, {"total-correlation"}},
           {"--tc-weight", "--divergence", divergence, {"total-correlation"}},
           {"--tc-estimator", "--divergence", divergence, {"total-correlation"}},
           {"--dimension-weight", "--divergence", divergence, {"total-correlation"}},
           {"--lambda-od", "--divergence", divergence, {"dip-vae-i", "dip-vae-ii"}},
           {"--lambda-d", "--divergence", divergence, {"dip-vae-i", "dip-vae-ii"}},
           {"--mmd-weight", "--divergence", divergence, {"mmd"}},
           {"--kl-weight", "--divergence", divergence, {"mmd"}},
           {"--mmd-kernel", "--divergence", divergence, {"mmd"}},
           {"--mmd-bandwidth", "--divergence", divergence, {"mmd"}}})
    if (app.count(reader.flag) > 0 &&
        std::find(reader.readers.begin(), reader.readers.end(), reader.chosen) == reader.readers.end())
      errors << "mnist: " << reader.flag << " has no effect with " << reader.choice << ' ' << reader.chosen << '\n';
}

}  // namespace flags
