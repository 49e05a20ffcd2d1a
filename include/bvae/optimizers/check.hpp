/// The checks that all optimizers make.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/message.hpp"

namespace bvae::detail {

template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void refuse_optimizer(std::string_view optimizer, Parts... parts) {
  throw std::invalid_argument(message(optimizer, ": ", parts...));
}

/// Throws std::invalid_argument unless `holds`; a NaN never does.
inline void require_hyper_parameter(bool holds, std::string_view optimizer, std::string_view rule, double value) {
  if (!holds) refuse_optimizer(optimizer, rule, ", got ", value);
}

inline void require_learning_rate(std::string_view optimizer, double value) {
  require_hyper_parameter(value >= 0 && std::isfinite(value), optimizer,
                          "learning_rate must be finite and not negative", value);
}

/// Throws std::invalid_argument unless all vectors are of equal length and t counts from 1.
template <class Scalar, std::size_t Moments>
void require_step(std::string_view optimizer, std::int64_t t, std::span<Scalar> parameters,
                  std::span<const Scalar> gradient, const std::array<std::span<Scalar>, Moments>& moments) {
  bool equal = gradient.size() == parameters.size();
  for (const std::span<Scalar>& moment : moments) equal = equal && moment.size() == parameters.size();
  if (!equal) refuse_optimizer(optimizer, "parameters, gradient and moments must be of equal length");
  if (t < 1) refuse_optimizer(optimizer, "t counts from 1, got ", t);
}

}  // namespace bvae::detail
