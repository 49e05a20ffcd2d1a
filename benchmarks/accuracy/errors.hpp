// How far the values of a kernel are from the truth: the rows of the table.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "bvae/kernels/isa.hpp"

namespace bvae_benchmark {

using bvae::Isa;

constexpr int kThreads = 2;

template <class S>
using Reference = std::conditional_t<sizeof(S) == 4, double, long double>;

// Truths that the elementary functions and the kernels that have variants of them share.
template <class R>
R sigmoid(R x) {
  const R e = std::exp(-std::abs(x));
  return (x >= 0 ? R(1) : e) / (1 + e);
}
template <class R>
R softplus(R x) {
  return std::max(x, R(0)) + std::log1p(std::exp(-std::abs(x)));
}

/// One unit in the last place of a float at `truth`, and of a double.
inline double ulp_of(double truth) {
  std::uint64_t bits;
  std::memcpy(&bits, &truth, sizeof bits);
  const std::uint64_t exponent = std::clamp((bits >> 52) & 0x7FF, std::uint64_t{1023 - 126}, std::uint64_t{1023 + 127});
  bits = (exponent - 23) << 52;
  std::memcpy(&truth, &bits, sizeof bits);
  return truth;
}
inline long double ulp_of(long double truth) {
  int exponent = 1024;
  if (std::isfinite(truth)) std::frexp(truth, &exponent);
  return std::ldexp(1.0L, std::clamp(exponent, -1021, 1024) - 53);
}

/// The largest error, in units in the last place of the true value, and where.
template <class S, class Argument>
struct Worst {
  using R = Reference<S>;
  double ulp = 0;
  Argument at{};
  std::uint64_t wrong = 0;  ///< NaN or infinity where there is none, or the other way round

  void add(const Argument& x, S y, R truth) {
    if (std::isnan(truth) || std::isnan(y)) {
      if (std::isnan(truth) != std::isnan(y)) ++wrong, at = x;
      return;
    }
    if (truth == 0 && y == 0) {
      if (std::signbit(truth) != std::signbit(y)) ++wrong, at = x;
      return;
    }
    constexpr R kBeyond = std::numeric_limits<S>::max() * (1 + R(std::numeric_limits<S>::epsilon()) / 2);
    if (std::isinf(y) && std::abs(truth) >= kBeyond && std::signbit(truth) == std::signbit(y)) return;
    const R value = std::isinf(y) ? std::copysign(kBeyond, R(y)) : R(y);
    const auto error = static_cast<double>(std::abs(value - truth) / ulp_of(truth));
    if (error > ulp) {
      ulp = error;
      at = x;
    }
  }
  void add(const Worst& other) {
    wrong += other.wrong;
    if (other.ulp > ulp) {
      ulp = other.ulp;
      at = other.at;
    }
  }
};

/// Values of a kernel for a block of arguments, by instruction set; empty where this machine lacks it.
template <class S>
using Answers = std::array<std::vector<S>, 4>;

template <class S, class Argument = S>
struct Result {
  Worst<S, Argument> fused, baseline;
  std::uint64_t count = 0, different = 0;  ///< different: bits that are not the same on v3 and v4

  /// Looks at the answers to the argument `i` of the block, which is x.
  void add(const Argument& x, const Answers<S>& y, std::size_t i, Reference<S> truth) {
#if defined(__x86_64__)
    const std::vector<S>& of_fused = y[2];
    baseline.add(x, y[1][i], truth);
#else
    const std::vector<S>& of_fused = y[1];
#endif
    ++count;
    if (of_fused.empty()) return;
    fused.add(x, of_fused[i], truth);
    if (!y[3].empty() && std::memcmp(&y[3][i], &of_fused[i], sizeof(S)) != 0 && !std::isnan(of_fused[i])) ++different;
  }
  void add(const Result& other) {
    fused.add(other.fused);
    baseline.add(other.baseline);
    count += other.count;
    different += other.different;
  }
};

/// work(block, result) for all blocks, by two threads that have results of their own.
template <class R, class Work>
R sum_over_blocks(std::uint64_t blocks, Work work) {
  std::atomic<std::uint64_t> next = 0;
  R results[kThreads];
  std::vector<std::thread> threads;
  for (R& result : results)
    threads.emplace_back([&] {
      for (std::uint64_t block; (block = next++) < blocks;) work(block, result);
    });
  for (std::thread& thread : threads) thread.join();
  R sum;
  for (const R& result : results) sum.add(result);
  return sum;
}

inline std::string text(double x) {
  char characters[32];
  std::snprintf(characters, sizeof characters, "%a", x);
  return characters;
}

template <class S, class Argument>
void print(const char* title, const Result<S, Argument>& result) {
  std::printf("| %s | %s | %.3f at %s | %.3f at %s | %llu |", title, sizeof(S) == 4 ? "float" : "double",
              result.fused.ulp, text(result.fused.at).c_str(), result.baseline.ulp, text(result.baseline.at).c_str(),
              static_cast<unsigned long long>(result.count));
  if (result.fused.wrong + result.baseline.wrong + result.different != 0)
    std::printf(
        " wrong: %llu fused, %llu SSE2; v3 and v4 differ: %llu", static_cast<unsigned long long>(result.fused.wrong),
        static_cast<unsigned long long>(result.baseline.wrong), static_cast<unsigned long long>(result.different));
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace bvae_benchmark
