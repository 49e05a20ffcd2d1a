#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "bvae/training/event.hpp"

namespace bvae {

/// Shows how training goes, on stderr: on a terminal a bar with the time left, replaced by one line when an epoch ends;
/// elsewhere (a pipe, TERM=dumb, NO_COLOR set) only that line, without control characters.
class ProgressBar {
 public:
  explicit ProgressBar(std::FILE* out = stderr) : out_(out), live_(is_terminal(out)) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Leaves the terminal on a fresh line, also after an error.
  ~ProgressBar() { clear(); }

  [[gnu::cold]] void operator()(const FitBegin& e) {
    const RunInfo& run = e.run;
    start_ = Clock::now();
    last_drawn_ = start_ - std::chrono::hours(1);
    std::fprintf(out_,
                 "training: %lld epochs of %lld steps, %lld samples in batches of %lld, %lld parameters, %d thread%s\n"
                 "          %s likelihood, binarisation %s, %s divergence, %s optimizer, seed %llu\n",
                 cast(run.epochs), cast(run.steps_per_epoch), cast(run.samples), cast(run.batch_size),
                 cast(run.parameters), run.threads, run.threads == 1 ? "" : "s", text(run.likelihood).c_str(),
                 text(name(run.binarization)).c_str(), text(run.divergence).c_str(), text(run.optimizer).c_str(),
                 static_cast<unsigned long long>(run.seed));
  }

  [[gnu::cold]] void operator()(const StepEnd& e) {
    if (!live_) return;
    const auto now = Clock::now();
    if (now - last_drawn_ < std::chrono::milliseconds(100)) return;
    last_drawn_ = now;
    const double done = static_cast<double>(e.step) / static_cast<double>(e.run.total_steps);
    const double left = std::chrono::duration<double>(now - start_).count() * (1 - done) / done;
    constexpr int kWidth = 24;
    const int filled =
        static_cast<int>(kWidth * static_cast<double>(e.step_of_epoch) / static_cast<double>(e.run.steps_per_epoch));
    const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                            std::string(static_cast<std::size_t>(kWidth - filled), '-');
    std::fprintf(out_, "\r\x1b[Kepoch %lld/%lld [%s] objective %.2f  beta %.3g  left %s", cast(e.epoch + 1),
                 cast(e.run.epochs), bar.c_str(), e.losses.objective, e.beta, duration(left).c_str());
    std::fflush(out_);
    drawn_ = true;
  }

  [[gnu::cold]] void operator()(const EpochEnd& e) {
    clear();
    const EpochRecord& r = e.record;
    std::fprintf(out_, "epoch %lld/%lld  beta %.3g  train: reconstruction %.2f  KL %.2f", cast(r.epoch),
                 cast(e.run.epochs), r.beta, r.train.reconstruction, r.train.kl);
    if (r.validation) {
      std::fprintf(out_, "  validation: reconstruction %.2f  KL %.2f", r.validation->reconstruction, r.validation->kl);
      if (e.run.likelihood_is_density) std::fprintf(out_, "  ELBO %.2f", r.validation->elbo());
      std::fprintf(out_, "  active %lld/%lld", cast(r.validation->active_units()), cast(e.run.latents));
    }
    std::fprintf(out_, "  %.1f s\n", r.seconds);
    std::fflush(out_);
  }

  [[gnu::cold]] void operator()(const FitEnd& e) {
    clear();
    if (e.history.stopped())
      std::fprintf(out_, "stopped after step %lld: %s\n", cast(e.history.steps), e.history.stop_reason.c_str());
  }

  /// "1:02:03" or "2:03".
  [[nodiscard]] static std::string duration(double seconds) {
    const long long s = seconds > 0 && seconds < 1e9 ? static_cast<long long>(seconds + 0.5) : 0;
    char buffer[40];
    if (s >= 3600) {
      std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    } else {
      std::snprintf(buffer, sizeof buffer, "%lld:%02lld", s / 60, s % 60);
    }
    return buffer;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static bool is_terminal(std::FILE* out) {
    const char* term = std::getenv("TERM");
    return isatty(fileno(out)) != 0 && std::getenv("NO_COLOR") == nullptr && term != nullptr &&
           std::strcmp(term, "dumb") != 0;
  }
  template <class Integer>
  static long long cast(Integer value) {
    return static_cast<long long>(value);
  }
  static std::string text(std::string_view view) { return std::string(view); }
  void clear() {
    if (drawn_) std::fputs("\r\x1b[K", out_);
    drawn_ = false;
  }

  std::FILE* out_;
  bool live_;
  bool drawn_ = false;
  Clock::time_point start_{};
  Clock::time_point last_drawn_{};
};

}  // namespace bvae
