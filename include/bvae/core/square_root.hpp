/// As many numbers as one vector register holds, and their square roots.
#pragma once

#include <cmath>
#include <cstddef>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace bvae::detail {

#if defined(__AVX512F__)
inline constexpr std::size_t kRegisterBytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t kRegisterBytes = 32;
#else
inline constexpr std::size_t kRegisterBytes = 16;
#endif

template <class Scalar>
struct LanesOf {
  typedef Scalar type __attribute__((vector_size(kRegisterBytes)));
};

/// One register of numbers. The usual operators work lane by lane.
template <class Scalar>
using Lanes = typename LanesOf<Scalar>::type;

template <class Scalar>
inline constexpr std::size_t kLanes = kRegisterBytes / sizeof(Scalar);

/// The correctly rounded square root of each lane (NaN below zero): the bits of std::sqrt for every register width.
/// Written with intrinsics because a loop over std::sqrt is not vectorised (it may set errno), and Eigen 3.4's float
/// square root is an approximation of 1/sqrt refined by one step, which is not correctly rounded.
[[nodiscard]] inline Lanes<float> square_root(Lanes<float> x) noexcept {
#if defined(__AVX512F__)
  // With all lanes kept: g++ 12 warns of an uninitialized variable inside the plain form.
  return static_cast<Lanes<float>>(_mm512_maskz_sqrt_ps(static_cast<__mmask16>(-1), static_cast<__m512>(x)));
#elif defined(__AVX__)
  return static_cast<Lanes<float>>(_mm256_sqrt_ps(static_cast<__m256>(x)));
#elif defined(__SSE2__)
  return static_cast<Lanes<float>>(_mm_sqrt_ps(static_cast<__m128>(x)));
#else
  for (std::size_t i = 0; i < kLanes<float>; ++i) x[i] = std::sqrt(x[i]);
  return x;
#endif
}

/// \copydoc square_root
[[nodiscard]] inline Lanes<double> square_root(Lanes<double> x) noexcept {
#if defined(__AVX512F__)
  return static_cast<Lanes<double>>(_mm512_maskz_sqrt_pd(static_cast<__mmask8>(-1), static_cast<__m512d>(x)));
#elif defined(__AVX__)
  return static_cast<Lanes<double>>(_mm256_sqrt_pd(static_cast<__m256d>(x)));
#elif defined(__SSE2__)
  return static_cast<Lanes<double>>(_mm_sqrt_pd(static_cast<__m128d>(x)));
#else
  for (std::size_t i = 0; i < kLanes<double>; ++i) x[i] = std::sqrt(x[i]);
  return x;
#endif
}

}  // namespace bvae::detail
