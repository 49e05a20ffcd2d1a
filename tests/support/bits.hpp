// Numbers that must agree in every bit: 0 is not -0, and a NaN is itself.
#pragma once

#include <cstring>
#include <iterator>
#include <type_traits>

namespace bvae_test {

/// Whether two arrays (vectors, arenas, guarded memory) hold the same bits.
template <class A, class B>
bool same_bits(const A& a, const B& b) {
  using T = std::remove_cvref_t<decltype(*std::data(a))>;
  static_assert(std::is_arithmetic_v<T> && std::is_same_v<T, std::remove_cvref_t<decltype(*std::data(b))>>);
  return std::size(a) == std::size(b) &&
         (std::size(a) == 0 || std::memcmp(std::data(a), std::data(b), std::size(a) * sizeof(T)) == 0);
}

}  // namespace bvae_test
