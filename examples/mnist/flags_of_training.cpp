#include "flags.hpp"

namespace flags {

void add_training(Flags& flags) {
  const Options defaults;
  flags.group("Training")
      .number("--epochs", &Options::epochs, std::int64_t{1}, std::int64_t{100000}, "a whole number, 1 to 100000",
              std::to_string(defaults.epochs), "times through the training data")
      .number("--batch-size", &Options::batch_size, std::int64_t{1}, std::int64_t{1} << 32,
              "a whole number, 1 to the number of training images", std::to_string(defaults.batch_size),
              "images in a step")
      .number("--learning-rate", &Options::learning_rate, kSmallest, 1e9, "a number above 0, at most 1e9",
              text(defaults.learning_rate), "of the optimizer")
      .choice("--optimizer", &Options::optimizer, {"adam", "adamw", "sgd"},
              "adamw decays weights by 0.01; sgd has momentum 0.9")
      .number("--clip", &Options::clip, kSmallest, kLargest, "a finite number above 0", "",
              "the gradient is made shorter where its norm is larger")
      .number("--seed", &Options::seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
              "a whole number, 0 to 2^64-1", std::to_string(defaults.seed),
              "of weights, noise, order and binarisation: same seed, same model")
      .number("--threads", &Options::threads, 0, 1024, "a whole number, 0 to 1024", std::to_string(defaults.threads),
              "0: one for each core; the model does not depend on it");
}

void add_results(Flags& flags) {
  const Options defaults;
  flags.group("Results")
      .number("--draws", &Options::draws, std::int64_t{0}, std::int64_t{1000000}, "a whole number, 0 to 1000000",
              std::to_string(defaults.draws),
              "of each test image, for the estimate of log p(x) in the summary: more\n"
              "are nearer to it and take longer; 0: none")
      .folder("--out", &Options::out,
              "folder of the results, made if missing; an earlier run's files in it\n"
              "are replaced. Default: a new one below runs/, named after the run");
}

}  // namespace flags
