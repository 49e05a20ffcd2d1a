/// Products that keep their own rounding.
#pragma once

#include <type_traits>

namespace bvae {

/// Returns `x`, and compilers cannot look through it: write `rounded(a * b) + c` where a product is an operand of a sum
/// or a difference. Without it a compiler may turn the two into one fused multiply-add, which rounds once instead of
/// twice: g++ does so wherever the target has the instruction (-march=native, -mfma, always on AArch64), across
/// statements and inlined calls, clang inside one expression. Then the same program has other bits with other flags.
/// Costs nothing but the optimisations that it forbids; it also stops vectorisation, so kernels/ writes fma() instead.
///
/// Not needed where the product is exact: two floats as doubles, or a factor that is a power of two.
template <class T>
[[nodiscard, gnu::always_inline]] inline T rounded(T x) noexcept {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "rounded: takes a float or a double");
#if defined(__x86_64__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#else
  asm("" : "+m"(x));
#endif
  return x;
}

}  // namespace bvae
