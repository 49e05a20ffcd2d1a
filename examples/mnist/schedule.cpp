#include "schedule.hpp"

#include <bvae/schedules/constant.hpp>
#include <bvae/schedules/cosine.hpp>
#include <bvae/schedules/cyclical.hpp>
#include <bvae/schedules/exponential.hpp>
#include <bvae/schedules/geco.hpp>
#include <bvae/schedules/linear.hpp>
#include <bvae/schedules/pid_controller.hpp>
#include <bvae/schedules/piecewise.hpp>
#include <bvae/schedules/sequence.hpp>
#include <bvae/schedules/sigmoid.hpp>
#include <bvae/schedules/warm_up.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <tuple>

#include "options.hpp"

namespace {

using bvae::Epochs;

[[noreturn]] void refuse(const std::string& flag, const std::string& expected, std::string_view found) {
  throw std::invalid_argument(flag + ": expected " + expected + ", found '" + std::string(found) + "'");
}

/// What stands between commas.
std::vector<std::string_view> items(std::string_view text) {
  std::vector<std::string_view> result;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    result.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return result;
}

/// Finite and not negative.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last || !(value >= 0) || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// From one beta to another in a part of training that is `epochs` long; the ramp takes `ramp` of them, after `hold` if
/// it is a warm-up.
bvae::AnySchedule plain(const Options& options, const std::string& name, double from, double to, double epochs,
                        double ramp, double hold = 0) {
  const bool per_epoch = options.beta_changes == "epoch";
  const Epochs over{ramp};
  if (name == "linear") return bvae::LinearSchedule{.from = from, .to = to, .over = over, .per_epoch = per_epoch};
  if (name == "warmup") {
    return bvae::WarmUp{.from = from, .to = to, .hold = Epochs{hold}, .over = over, .per_epoch = per_epoch};
  }
  if (name == "cosine") return bvae::Cosine{.from = from, .to = to, .over = over, .per_epoch = per_epoch};
  if (name == "exponential") return bvae::Exponential{.from = from, .to = to, .over = over, .per_epoch = per_epoch};
  if (name == "sigmoid") {
    return bvae::SigmoidSchedule{
        .from = from, .to = to, .over = over, .steepness = options.steepness, .per_epoch = per_epoch};
  }
  if (name == "cyclical") {
    using bvae::RampShape;
    return bvae::Cyclical{.from = from,
                          .to = to,
                          .cycles = options.cycles,
                          .ramp = options.cycle_ramp,
                          .over = Epochs{epochs},
                          .shape = options.cycle_shape == "cosine"    ? RampShape::kCosine
                                   : options.cycle_shape == "sigmoid" ? RampShape::kSigmoid
                                                                      : RampShape::kLinear,
                          .per_epoch = per_epoch};
  }
  return bvae::Constant{to};
}

double default_start(const Options& options, const std::string& name) {
  return options.beta_from.value_or(name == "exponential" ? bvae::Exponential{}.from : 0.0);
}

/// "0:0,5:1,20:4"
bvae::Piecewise piecewise(const Options& options) {
  const std::string flag = "--beta-points";
  const std::string expected = "EPOCH:BETA,EPOCH:BETA,... with numbers that are 0 or more";
  bvae::Piecewise result{.stairs = options.beta_path == "stairs", .per_epoch = options.beta_changes == "epoch"};
  for (const std::string_view item : items(options.beta_points)) {
    const std::size_t colon = item.find(':');
    if (colon == std::string_view::npos) refuse(flag, expected, options.beta_points);
    const auto epoch = number(item.substr(0, colon));
    const auto beta = number(item.substr(colon + 1));
    if (!epoch || !beta) refuse(flag, expected, options.beta_points);
    result.points.push_back({Epochs{*epoch}, *beta});
  }
  return result;
}

/// "constant=0:2,warmup=4:5,constant": a ramp begins at the beta where the phase before it ended.
bvae::Sequence sequence(const Options& options) {
  const std::string flag = "--phases";
  const std::string expected = "NAME[=BETA]:EPOCHS,...,NAME[=BETA] (only the last without its length)";
  bvae::Sequence result;
  std::optional<double> reached = options.beta_from;
  double left = static_cast<double>(options.epochs);
  const std::vector<std::string_view> phases = items(options.phases);
  for (std::size_t i = 0; i < phases.size(); ++i) {
    std::string_view item = phases[i];
    std::optional<double> length;
    if (const std::size_t colon = item.find(':'); colon != std::string_view::npos) {
      length = number(item.substr(colon + 1));
      if (!length) refuse(flag, expected, phases[i]);
      item = item.substr(0, colon);
    } else if (i + 1 < phases.size()) {
      refuse(flag, expected, phases[i]);
    }
    double to = options.beta;
    if (const std::size_t equals = item.find('='); equals != std::string_view::npos) {
      const auto given = number(item.substr(equals + 1));
      if (!given) refuse(flag, expected, phases[i]);
      to = *given;
      item = item.substr(0, equals);
    }
    const std::string name(item);
    if (std::find(kPlainSchedules.begin(), kPlainSchedules.end(), name) == kPlainSchedules.end())
      refuse(flag, "a phase that is constant, linear, warmup, cyclical, cosine, sigmoid or exponential", name);
    const double epochs = length.value_or(std::max(left, 0.0));
    const double from =
        name == "cyclical" ? default_start(options, name) : reached.value_or(default_start(options, name));
    const bvae::AnySchedule phase = plain(options, name, from, to, epochs, name == "warmup" ? epochs / 2 : epochs);
    result = length ? result.then(phase, Epochs{epochs}) : result.finally(phase);
    reached = to;
    left -= epochs;
  }
  return result;
}

}  // namespace

std::optional<double> ramp_epochs(const Options& options) {
  const std::string& name = options.schedule;
  const auto all = static_cast<double>(options.epochs);
  if (name == "warmup") return options.warmup_epochs.value_or(all / 2);
  if (name == "linear" || name == "cosine" || name == "sigmoid" || name == "exponential")
    return options.warmup_epochs.value_or(all);
  return std::nullopt;
}

std::optional<double> ramp_start(const Options& options) {
  if (options.schedule == "sequence") return std::nullopt;
  return default_start(options, options.schedule);
}

std::pair<double, double> beta_limits(const Options& options) {
  const bool geco = options.schedule == "geco";
  const double least = geco ? bvae::Geco{}.beta_min : bvae::PidController{}.beta_min;
  const double largest = geco ? bvae::Geco{}.beta_max : bvae::PidController{}.beta_max;
  return {options.beta_min.value_or(least), options.beta_max.value_or(largest)};
}

bvae::AnySchedule make_schedule(const Options& options) {
  const std::string& name = options.schedule;
  if (name == "geco") {
    if (!options.target_reconstruction)
      throw std::invalid_argument("--schedule: geco needs --target-reconstruction NATS");
    bvae::Geco geco{.reconstruction = *options.target_reconstruction,
                    .from = options.beta,
                    .decay = options.geco_decay,
                    .every = bvae::Steps{options.geco_every},
                    .rate = options.geco_rate,
                    .slowest = options.geco_slowest,
                    .fastest = options.geco_fastest};
    std::tie(geco.beta_min, geco.beta_max) = beta_limits(options);
    return geco;
  }
  if (name == "pid") {
    if (!options.target_kl) throw std::invalid_argument("--schedule: pid needs --target-kl NATS");
    bvae::PidController pid{.kl = *options.target_kl, .kp = options.pid_kp, .ki = options.pid_ki, .kd = options.pid_kd};
    std::tie(pid.beta_min, pid.beta_max) = beta_limits(options);
    return pid;
  }
  if (name == "piecewise") {
    if (options.beta_points.empty()) throw std::invalid_argument("--schedule: piecewise needs --beta-points");
    return piecewise(options);
  }
  if (name == "sequence") {
    if (options.phases.empty()) throw std::invalid_argument("--schedule: sequence needs --phases");
    return sequence(options);
  }
  return plain(options, name, default_start(options, name), options.beta, static_cast<double>(options.epochs),
               ramp_epochs(options).value_or(0.0), options.hold_epochs);
}
