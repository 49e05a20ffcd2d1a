#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace report {

inline constexpr double kConfidence = 0.95;    ///< of every interval
inline constexpr double kSignificance = 0.05;  ///< of all verdicts on one metric together

/// The regularised incomplete beta function I_x(a, b): `a`, `b` above 0, `x` in [0, 1].
/// \throws std::invalid_argument
double incomplete_beta(double a, double b, double x);

/// P(|T| >= |t|) for Student's t with so many degrees of freedom (above 0).
double student_t_two_sided(double t, double degrees);

/// The t that |T| exceeds with this probability, which lies in (0, 1).
double student_t_critical(double probability, double degrees);

/// A mean over seeds and where the mean of all seeds lies with 95 % confidence, if they are normal. One value says
/// nothing about the spread, so there is no interval then.
struct Estimate {
  double mean = 0;
  std::optional<double> low{};
  std::optional<double> high{};
  std::int64_t n = 0;
};

/// Nothing if there are no values.
std::optional<Estimate> estimate(std::span<const double> values);

/// A value and the seed of the run that it is from. A seed stands for one run.
struct Seeded {
  std::uint64_t seed = 0;
  double value = 0;
};

/// `group` minus `baseline`, for those seeds that both have: the same seed starts both with the same weights and shows
/// them the same batches, so a pair shares much of its noise.
struct PairedDifference {
  std::vector<std::uint64_t> seeds{};
  std::optional<Estimate> difference{};  ///< nothing without a common seed
  std::optional<double> p{};             ///< of the paired t-test; nothing if the spread cannot be estimated
};

PairedDifference paired_difference(std::span<const Seeded> group, std::span<const Seeded> baseline);

/// Holm's step-down correction: the chance of any false claim among all is at most the level to which the results are
/// compared. In the order given; each at most 1. \see S. Holm, A simple sequentially rejective multiple test procedure
/// (Scandinavian Journal of Statistics 6, 1979)
std::vector<double> holm(std::span<const double> p);

}  // namespace report
