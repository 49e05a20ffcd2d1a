#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bvae/core/errors.hpp"
#include "bvae/core/json_writer.hpp"
#include "bvae/core/message.hpp"
#include "bvae/training/event.hpp"

namespace bvae {

/// Writes one JSON object a line and epoch, at once, so that the file can be followed. Numbers round-trip; NaN is null.
/// What an earlier run left in the file goes when training begins, not before.
///
/// Keys: epoch step beta beta_norm learning_rate gradient_norm, train_objective train_reconstruction train_divergence
/// (free bits applied) train_kl train_kl_per_latent, train_<name> of each number that the divergence reports,
/// schedule_state (of a feedback schedule, see FeedbackScheduleOf), with a validation set <name>_reconstruction
/// <name>_kl <name>_elbo (if the likelihood is a density, see is_density) <name>_kl_per_latent active_units, then
/// likelihood binarization seconds samples_per_second. \throws FileError if the file cannot be opened or written
class JsonLines {
 public:
  /// \param validation what the keys call the validation set
  explicit JsonLines(std::filesystem::path path, std::string validation = "validation")
      : path_(std::move(path)), validation_(std::move(validation)), file_(std::fopen(path_.c_str(), "ab")) {
    if (!file_) fail();
  }

  void operator()(const FitBegin&) {
    if (::ftruncate(::fileno(file_.get()), 0) != 0 && errno != EINVAL) fail();  // a device cannot be cut
  }

  void operator()(const EpochEnd& e) {
    const EpochRecord& r = e.record;
    JsonObject line;
    line.add("epoch", r.epoch).add("step", r.step).add("beta", r.beta).add("beta_norm", r.beta_norm);
    line.add("learning_rate", r.learning_rate).add("gradient_norm", r.gradient_norm);
    line.add("train_objective", r.train.objective).add("train_reconstruction", r.train.reconstruction);
    line.add("train_divergence", r.train.divergence);
    line.add("train_kl", r.train.kl).add("train_kl_per_latent", numbers(r.train_kl_per_latent));
    for (const DivergencePart& part : r.train_divergence_parts) line.add(message("train_", part.name), part.value);
    if (!r.schedule_state.empty()) line.add("schedule_state", std::span<const double>(r.schedule_state));
    if (r.validation) {
      const Evaluation& v = *r.validation;
      line.add(message(validation_, "_reconstruction"), v.reconstruction).add(message(validation_, "_kl"), v.kl);
      if (e.run.likelihood_is_density) line.add(message(validation_, "_elbo"), v.elbo());
      line.add(message(validation_, "_kl_per_latent"), numbers(v.kl_per_latent));
      line.add("active_units", v.active_units());
    }
    line.add("likelihood", e.run.likelihood).add("binarization", name(e.run.binarization));
    line.add("seconds", r.seconds).add("samples_per_second", r.samples_per_second);
    const std::string text = line.text() + '\n';
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0) fail();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  static std::span<const double> numbers(const Vector<double>& values) {
    return {values.data(), static_cast<std::size_t>(values.size())};
  }
  [[noreturn, gnu::cold]] void fail() const {
    throw FileError(path_.string(), FileError::kNoOffset, "a file that can be written", std::strerror(errno));
  }

  std::filesystem::path path_;
  std::string validation_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace bvae
