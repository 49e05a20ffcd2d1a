#pragma once

#include <bvae/schedules/any_schedule.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

struct Options;

/// Those that may be a phase of `sequence`.
inline const std::vector<std::string> kPlainSchedules{"constant", "linear",  "warmup",     "cyclical",
                                                      "cosine",   "sigmoid", "exponential"};

/// Epochs from --beta-from to --beta; nothing for schedules that have no such ramp.
std::optional<double> ramp_epochs(const Options& options);

/// Beta where a ramp begins if --beta-from is not given; nothing for `sequence`, whose phases begin where they must.
std::optional<double> ramp_start(const Options& options);

/// The least and the largest beta of geco and pid.
std::pair<double, double> beta_limits(const Options& options);

/// Beta during training, as the flags say.
/// \throws std::invalid_argument for flags that make no schedule
bvae::AnySchedule make_schedule(const Options& options);
