/// What all optimizers share: checks of their arguments, and the walk over the parameters, a register at a time.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "bvae/core/square_root.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae::detail {

/// Throws std::invalid_argument unless `holds`; a NaN never does.
inline void require_hyper_parameter(bool holds, std::string_view optimizer, std::string_view rule, double value) {
  if (holds) return;
  throw std::invalid_argument(std::string(optimizer) + ": " + std::string(rule) + ", got " + std::to_string(value));
}

inline void require_learning_rate(std::string_view optimizer, double value) {
  require_hyper_parameter(value >= 0 && std::isfinite(value), optimizer,
                          "learning_rate must be finite and not negative", value);
}

/// base^exponent for a whole exponent: unlike std::pow, the same bits with every C library.
[[nodiscard]] inline double whole_power(double base, std::int64_t exponent) noexcept {
  double result = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) result *= base;
    base *= base;
  }
  return result;
}

/// Ends a product here, with its own rounding. Without it g++ may fuse a product and the sum that uses it where the
/// machine can; then the result would depend on compiler flags. (Explicit fused multiply-adds would do too, but are
/// slow on machines without them.)
template <class Scalar>
[[nodiscard]] inline Lanes<Scalar> rounded_lanes(Lanes<Scalar> product) noexcept {
#if defined(__SSE2__)
  asm("" : "+v"(product));
#else
  asm("" : "+m"(product));
#endif
  return product;
}

/// Calls `update(p, g, m...)` for every register full of elements: parameters and moments by reference, the gradient by
/// value. A last short part is worked on in padded registers, so `update` is the same for every element, and the result
/// has the same bits however a range is split. Allocates nothing.
template <class Scalar, std::size_t Moments, class Update>
void for_each_lanes(std::string_view optimizer, std::int64_t t, std::span<Scalar> parameters,
                    std::span<const Scalar> gradient, const std::array<std::span<Scalar>, Moments>& moments,
                    Update&& update) {
  const std::size_t size = parameters.size();
  bool equal = gradient.size() == size;
  for (const std::span<Scalar>& moment : moments) equal = equal && moment.size() == size;
  if (!equal) {
    throw std::invalid_argument(std::string(optimizer) + ": parameters, gradient and moments must be of equal length");
  }
  if (t < 1) throw std::invalid_argument(std::string(optimizer) + ": t counts from 1, got " + std::to_string(t));

  [&]<std::size_t... I>(std::index_sequence<I...>) {
    // `count` is a compile-time constant in the loop: otherwise g++ -O2 calls memcpy for each register, as it
    // would keep the registers in memory if `work` were a call.
    const auto work = [&](std::size_t begin, auto count) __attribute__((always_inline)) {
      const std::size_t bytes = count * sizeof(Scalar);
      Lanes<Scalar> p{};
      Lanes<Scalar> g{};
      Lanes<Scalar> m[Moments + 1] = {};  // one more, so that an optimizer may have none
      std::memcpy(&p, parameters.data() + begin, bytes);
      std::memcpy(&g, gradient.data() + begin, bytes);
      (std::memcpy(&m[I], moments[I].data() + begin, bytes), ...);
      update(p, g, m[I]...);
      std::memcpy(parameters.data() + begin, &p, bytes);
      (std::memcpy(moments[I].data() + begin, &m[I], bytes), ...);
    };
    constexpr std::integral_constant<std::size_t, kLanes<Scalar>> kCount;
    const std::size_t whole = size - size % kCount;
    for (std::size_t begin = 0; begin < whole; begin += kCount) work(begin, kCount);
    if (whole < size) work(whole, size - whole);
  }(std::make_index_sequence<Moments>{});
}

}  // namespace bvae::detail
