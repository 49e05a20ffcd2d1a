#pragma once

#include <optional>
#include <span>
#include <string>

#include "run_record.hpp"

namespace report {

/// A number that results.json holds for each run, or gives: the spread of sigma.
struct Metric {
  const char* key;
  const char* title;
  const char* unit;    ///< "" for a count
  const char* better;  ///< "higher", "lower", or "" where neither is better by itself
  int digits;          ///< behind the decimal point, for people
  bool compared;       ///< whether there are verdicts; not for times, which depend on what else the machine does
  bool listed;         ///< whether tables show it
  const char* meaning;
};

/// In the order of the tables' columns.
std::span<const Metric> metrics();

/// Of a run's results: the standard deviation of sigma over the latents.
double sigma_spread(const Json& results);

/// The run's number; nothing where results.json has null.
std::optional<double> value_of(const Metric& metric, const RunRecord& run);

}  // namespace report
