/// Checks hand-written gradients against differences of the function. Public: for users' own layers, likelihoods and
/// divergences too. Not in the umbrella.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/batch.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/types.hpp"
#include "bvae/layers/network.hpp"

namespace bvae::testing {

struct GradientCheckOptions {
  double step = 1e-3;                   ///< h, relative to max(1, |x|); suits the sixth-order stencil in double
  std::size_t max_coordinates = 400;    ///< of a longer vector every n-th coordinate is checked
  std::optional<LayerRandom> random{};  ///< of layers that draw (Dropout); without it they do not
  Mode mode = Mode::kTraining;          ///< of check_layers; in evaluation with a state that training has left
};

struct GradientCheck {
  /// max |numeric - analytic| / (scale), with scale = the largest magnitude of the whole gradient: small entries of a
  /// large gradient are not asked for digits that the function's rounding does not have.
  double relative_error = 0;
  std::size_t worst = 0;  ///< coordinate of the largest error
  double numeric = 0;     ///< values there
  double analytic = 0;
  std::size_t checked = 0;
};

/// Compares `analytic` with central differences of sixth order of `function()`, which must read `variables`. Changes
/// the variables and puts them back.
///
///   f'(x) = (45 (f1 - f-1) - 9 (f2 - f-2) + (f3 - f-3)) / 60 h,  fk = f(x + k h)
template <class Scalar, class Function>
GradientCheck check_gradient(std::span<Scalar> variables, std::span<const std::type_identity_t<Scalar>> analytic,
                             Function&& function, const GradientCheckOptions& options = {}) {
  if (analytic.size() != variables.size())
    throw std::invalid_argument("check_gradient: as many gradients as variables are needed");
  GradientCheck result;
  double scale = 0;
  for (const Scalar g : analytic) scale = std::max(scale, std::abs(static_cast<double>(g)));
  // Odd, so that it does not meet the same row of every panel of weights.
  const std::size_t stride = ((variables.size() + options.max_coordinates - 1) / options.max_coordinates) | 1;
  double largest = -1;
  double largest_numeric = 0;
  for (std::size_t i = 0; i < variables.size(); i += stride) {
    const Scalar x = variables[i];
    const double h = options.step * std::max(1.0, std::abs(static_cast<double>(x)));
    const auto at = [&](double k) {
      variables[i] = static_cast<Scalar>(static_cast<double>(x) + k * h);
      return static_cast<double>(function());
    };
    const double numeric = (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))) / (60 * h);
    variables[i] = x;
    const double error = std::abs(numeric - static_cast<double>(analytic[i]));
    largest_numeric = std::max(largest_numeric, std::abs(numeric));
    ++result.checked;
    if (error > largest || (std::isnan(error) && !std::isnan(largest))) {  // NaN is the worst of all, and stays
      largest = error;
      result.worst = i;
      result.numeric = numeric;
      result.analytic = static_cast<double>(analytic[i]);
    }
  }
  scale = std::max(scale, largest_numeric);
  if (result.checked > 0) result.relative_error = scale > 0 ? largest / scale : largest;
  return result;
}

/// Both gradients of a layer or a chain of layers.
struct LayerGradientCheck {
  GradientCheck input;
  GradientCheck parameters;
  [[nodiscard]] double relative_error() const {
    if (std::isnan(parameters.relative_error)) return parameters.relative_error;
    return std::isnan(input.relative_error) ? input.relative_error
                                            : std::max(input.relative_error, parameters.relative_error);
  }
};

/// Checks Network<In, Layers...> in double on `samples` random samples, with a random, non-uniform upstream gradient.
/// Keep inputs away from kinks with `shift_from_zero`: inputs get at least this magnitude.
template <Shape In, class... Layers>
LayerGradientCheck check_layers(Seed seed = {}, Index samples = 3, double shift_from_zero = 0.0,
                                const GradientCheckOptions& options = {}) {
  using Net = Network<In, Layers...>;
  constexpr Index kOut = Net::Output::kSize;
  Arena<double> input(static_cast<std::size_t>(In::kSize * samples));
  Arena<double> input_delta(input.size());
  Arena<double> parameters(static_cast<std::size_t>(Net::kParameters));
  Arena<double> gradient(parameters.size());
  Arena<double> state(static_cast<std::size_t>(Net::kState));
  std::vector<double> upstream(static_cast<std::size_t>(kOut * samples));
  const RandomStream random(seed, Stream::kUser);
  random.normal(0, std::span<double>(input));
  random.normal(1, std::span<double>(upstream));
  for (double& x : input) x += x < 0 ? -shift_from_zero : shift_from_zero;
  Net::initialize(parameters.data(), seed, 0);
  Net::initialize_state(parameters.data(), state.data(), seed, 0);
  typename Net::template Activations<double> a(samples, input.data(), input_delta.data());
  const Pass pass(options.mode, Member{}, samples, options.random);
  if (options.mode == Mode::kEvaluation) {
    const typename Net::template Activations<double> other(samples, input.data(), nullptr);
    Net::forward(Pass(Mode::kTraining, Member{}, samples), parameters.data(), state.data(), other);
  }
  const auto value = [&] {
    Net::forward(pass, parameters.data(), state.data(), a);
    double sum = 0;
    for (std::size_t i = 0; i < upstream.size(); ++i) sum += upstream[i] * a.output()[i];
    return sum;
  };
  value();
  std::copy(upstream.begin(), upstream.end(), a.output_delta());
  Net::backward(pass, parameters.data(), a);
  for (const GradientTask& task : Net::gradient_tasks())
    Net::gradient(task, samples, parameters.data(), a, gradient.data());
  LayerGradientCheck result;
  result.input =
      check_gradient<double>(input, std::vector<double>(input_delta.begin(), input_delta.end()), value, options);
  result.parameters = check_gradient<double>(parameters, gradient, value, options);
  return result;
}

}  // namespace bvae::testing
