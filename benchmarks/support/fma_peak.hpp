// The yardstick of every benchmark: how many multiply-adds this machine really does, measured beside what is judged.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "bvae/core/team.hpp"

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>
#endif

namespace bvae_benchmark {

namespace detail {

#if defined(__AVX512F__)
using Register = __m512;
inline constexpr int kChains = 16;
inline Register broadcast(float x) { return _mm512_set1_ps(x); }
inline Register multiply_add(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__) && defined(__FMA__)
using Register = __m256;
inline constexpr int kChains = 12;
inline Register broadcast(float x) { return _mm256_set1_ps(x); }
inline Register multiply_add(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
#else  // four floats, without a fused instruction: the compiler's own choice
using Register __attribute__((vector_size(16))) = float;
inline constexpr int kChains = 12;
inline Register broadcast(float x) { return Register{x, x, x, x}; }
inline Register multiply_add(Register a, Register b, Register c) { return a * b + c; }
#endif

/// Keeps a register's value unknown to the compiler.
inline void hide(Register& r) {
#if defined(__x86_64__) || defined(__i386__)
  asm volatile("" : "+v"(r));
#else
  asm volatile("" : "+w"(r));
#endif
}

[[gnu::noinline]] inline double run_chains(long rounds) {
  Register a[kChains];
  for (int i = 0; i < kChains; ++i) {
    a[i] = broadcast(0.01f * static_cast<float>(i + 1));
    hide(a[i]);
  }
  Register b = broadcast(0.999f);
  Register c = broadcast(0.001f);
  hide(b);
  hide(c);
  const auto start = std::chrono::steady_clock::now();
  for (long r = 0; r < rounds; ++r) {
    for (Register& chain : a) chain = multiply_add(chain, b, c);
    for (Register& chain : a) hide(chain);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  constexpr double kFlops = 2.0 * kChains * (sizeof(Register) / sizeof(float));
  return kFlops * static_cast<double>(rounds) / seconds;
}

}  // namespace detail

/// Single-precision operations a second of all members of the team together (a multiply-add counts two), the best of a
/// few short runs: noise only ever slows down. Takes about 10 ms a run.
inline double fma_peak(bvae::Team& team, int runs = 5) {
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> rates(static_cast<std::size_t>(team.size()));
    team.run([&](const bvae::Member& member) {
      member.barrier();
      rates[static_cast<std::size_t>(member.rank())] = detail::run_chains(1'500'000);
    });
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace bvae_benchmark
