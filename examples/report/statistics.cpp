#include "statistics.hpp"

#include <bvae/core/message.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace report {

namespace {

/// The continued fraction of the incomplete beta function (NIST's handbook DLMF, 8.17.22) by Lentz's method. It
/// converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;  // in place of a zero that would be divided by
  const auto nonzero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double numerator = 1;
  double denominator = 1 / nonzero(1 - (a + b) * x / (a + 1));
  double value = denominator;
  const auto multiply = [&](double term) {
    denominator = 1 / nonzero(1 + term * denominator);
    numerator = nonzero(1 + term / numerator);
    value *= numerator * denominator;
    return numerator * denominator;
  };
  constexpr int kTerms = 10000;
  for (int m = 1; m < kTerms; ++m) {
    multiply(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    const double factor = multiply(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)));
    if (std::abs(factor - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return value;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1))
    throw std::invalid_argument(bvae::message("incomplete_beta: a and b must be above 0 and x in [0, 1], not a = ", a,
                                              ", b = ", b, ", x = ", x));
  if (x == 0 || x == 1) return x;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_t_two_sided(double t, double degrees) {
  if (!(degrees > 0)) throw std::invalid_argument(bvae::message("Student's t: ", degrees, " degrees of freedom"));
  if (std::isinf(t)) return 0;
  return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

double student_t_critical(double probability, double degrees) {
  if (!(probability > 0 && probability < 1))
    throw std::invalid_argument(bvae::message("Student's t: the probability must lie in (0, 1), not ", probability));
  double low = 0;
  double high = 1;
  while (student_t_two_sided(high, degrees) > probability) high *= 2;
  for (double middle = high / 2; low < middle && middle < high; middle = low + (high - low) / 2)
    (student_t_two_sided(middle, degrees) > probability ? low : high) = middle;
  return high;
}

std::optional<Estimate> estimate(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  const double n = static_cast<double>(values.size());
  Estimate result{.n = static_cast<std::int64_t>(values.size())};
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  // The sum of equal values, divided, need not be that value: bits that would look like a spread.
  if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); }))
    result.mean = values.front();
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  const double half = student_t_critical(1 - kConfidence, n - 1) * std::sqrt(squares / (n - 1) / n);
  result.low = result.mean - half;
  result.high = result.mean + half;
  return result;
}

PairedDifference paired_difference(std::span<const Seeded> group, std::span<const Seeded> baseline) {
  PairedDifference result;
  std::vector<double> differences;
  double largest = 0;
  for (const Seeded& run : group) {
    const auto twin =
        std::find_if(baseline.begin(), baseline.end(), [&](const Seeded& b) { return b.seed == run.seed; });
    if (twin == baseline.end()) continue;
    result.seeds.push_back(run.seed);
    differences.push_back(run.value - twin->value);
    largest = std::max({largest, std::abs(run.value), std::abs(twin->value)});
  }
  result.difference = estimate(differences);
  if (differences.size() < 2) return result;
  const double n = static_cast<double>(differences.size());
  const double mean = result.difference->mean;
  double squares = 0;
  for (const double difference : differences) squares += (difference - mean) * (difference - mean);
  const double error = std::sqrt(squares / (n - 1) / n);
  // What rounding leaves of equal differences is no spread of the seeds.
  constexpr double kRounding = 1e-13;
  if (error > kRounding * largest) {
    result.p = student_t_two_sided(mean / error, n - 1);
  } else if (std::abs(mean) <= kRounding * largest) {
    result.p = 1;
  }
  return result;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0;  // none may be smaller than one that is more certain
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    corrected[order[i]] = largest;
  }
  return corrected;
}

}  // namespace report
