// How far the elementary functions of kernels/math.hpp are from the truth, over all floats and many doubles, and how
// long they take. Prints the tables of docs/elementary-functions.md.
//   accuracy [--stride N] [--doubles N] [--only NAME]    N = 1: every float; --doubles: arguments for each function
#include <quadmath.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "bvae/kernels/math.hpp"

namespace {

using bvae::Isa;
using bvae::kernels::Elementary;

constexpr int kThreads = 2;
constexpr std::size_t kBlock = 1 << 14;

template <class R>
R sigmoid(R x) {
  const R e = std::exp(-std::abs(x));
  return (x >= 0 ? R(1) : e) / (1 + e);
}
template <class R>
R softplus(R x) {
  return std::max(x, R(0)) + std::log1p(std::exp(-std::abs(x)));
}
double normal_distribution(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); }
long double normal_distribution(long double x) {
  static const __float128 kSquareRootOfHalf = sqrtq(0.5);
  return static_cast<long double>(erfcq(-kSquareRootOfHalf * x) / 2);
}
template <class R>
R limited(R x, R y) {
  return std::abs(x) <= R(1 << 20) ? y : std::numeric_limits<R>::quiet_NaN();
}

/// A function under test, its references, and half the width of the interval where doubles are looked at most.
struct Function {
  Elementary name;
  const char* title;
  double (*of_float)(double);
  long double (*of_double)(long double);
  double range;
};
#define BVAE_REFERENCE(expression) \
  [](double x) -> double { return expression; }, [](long double x) -> long double { return expression; }
const Function kFunctions[] = {
    {Elementary::kExp, "exp", BVAE_REFERENCE(std::exp(x)), 750},
    {Elementary::kExpm1, "expm1", BVAE_REFERENCE(std::expm1(x)), 5},
    {Elementary::kLog, "log", BVAE_REFERENCE(std::log(x)), 4},
    {Elementary::kLog1p, "log1p", BVAE_REFERENCE(std::log1p(x)), 2},
    {Elementary::kTanh, "tanh", BVAE_REFERENCE(std::tanh(x)), 5},
    {Elementary::kSigmoid, "sigmoid", BVAE_REFERENCE(sigmoid(x)), 40},
    {Elementary::kSoftplus, "softplus", BVAE_REFERENCE(softplus(x)), 40},
    {Elementary::kErf, "erf", BVAE_REFERENCE(std::erf(x)), 6},
    {Elementary::kErfc, "erfc", BVAE_REFERENCE(std::erfc(x)), 27},
    {Elementary::kSin, "sin", BVAE_REFERENCE(limited(x, std::sin(x))), 1000},
    {Elementary::kCos, "cos", BVAE_REFERENCE(limited(x, std::cos(x))), 1000},
    {Elementary::kNormalDistribution, "normal_distribution", BVAE_REFERENCE(normal_distribution(x)), 38},
};

template <class S>
using Reference = std::conditional_t<sizeof(S) == 4, double, long double>;

/// One unit in the last place of a float at `truth`, and of a double.
double ulp_of(double truth) {
  std::uint64_t bits;
  std::memcpy(&bits, &truth, sizeof bits);
  const std::uint64_t exponent = std::clamp((bits >> 52) & 0x7FF, std::uint64_t{1023 - 126}, std::uint64_t{1023 + 127});
  bits = (exponent - 23) << 52;
  std::memcpy(&truth, &bits, sizeof bits);
  return truth;
}
long double ulp_of(long double truth) {
  int exponent = 1024;
  if (std::isfinite(truth)) std::frexp(truth, &exponent);
  return std::ldexp(1.0L, std::clamp(exponent, -1021, 1024) - 53);
}

/// The largest error, in units in the last place of the true value, and where.
template <class S>
struct Worst {
  using R = Reference<S>;
  double ulp = 0;
  S at = 0;
  std::uint64_t wrong = 0;  ///< NaN or infinity where there is none, or the other way round

  void add(S x, S y, R truth) {
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

template <class S>
struct Result {
  Worst<S> fused, baseline;
  std::uint64_t count = 0, different = 0;  ///< different: bits that are not the same on v3 and v4
};

template <class S>
auto kernel_of(Elementary function, Isa isa) {
  using Kernel = void (*)(std::ptrdiff_t, const S*, S*) noexcept;
  Kernel kernels[3] = {};
#define BVAE_KERNELS(name)                                             \
  if (function == Elementary::name) {                                  \
    kernels[0] = &bvae::kernels::baseline::apply<Elementary::name, S>; \
    kernels[1] = &bvae::kernels::v3::apply<Elementary::name, S>;       \
    kernels[2] = &bvae::kernels::v4::apply<Elementary::name, S>;       \
  }
  BVAE_KERNELS(kExp)
  BVAE_KERNELS(kExpm1)
  BVAE_KERNELS(kLog)
  BVAE_KERNELS(kLog1p)
  BVAE_KERNELS(kTanh)
  BVAE_KERNELS(kSigmoid)
  BVAE_KERNELS(kSoftplus)
  BVAE_KERNELS(kErf)
  BVAE_KERNELS(kErfc)
  BVAE_KERNELS(kSin)
  BVAE_KERNELS(kCos)
  BVAE_KERNELS(kNormalDistribution)
  return kernels[static_cast<int>(isa) - 1];
}

template <class S>
void block(const Function& function, const std::vector<S>& x, Result<S>& result) {
  std::vector<S> y[4];
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    if (isa > bvae::best_isa()) continue;
    y[static_cast<int>(isa)].resize(x.size());
    kernel_of<S>(function.name, isa)(static_cast<std::ptrdiff_t>(x.size()), x.data(), y[static_cast<int>(isa)].data());
  }
#if defined(__x86_64__)
  const std::vector<S>& fused = y[2];
#else
  const std::vector<S>& fused = y[1];
#endif
  for (std::size_t i = 0; i < x.size(); ++i) {
    Reference<S> truth;
    if constexpr (sizeof(S) == 4)
      truth = function.of_float(x[i]);
    else
      truth = function.of_double(x[i]);
    if (!fused.empty()) result.fused.add(x[i], fused[i], truth);
    if (&fused != &y[1]) result.baseline.add(x[i], y[1][i], truth);
    if (!y[3].empty() && std::memcmp(&y[3][i], &fused[i], sizeof(S)) != 0 && !std::isnan(fused[i])) ++result.different;
  }
  result.count += x.size();
}

/// Every stride-th float.
void fill(std::vector<float>& x, std::uint64_t block, std::uint64_t stride, double) {
  x.clear();
  for (std::uint64_t i = 0; i < kBlock; ++i) {
    const std::uint64_t number = (block * kBlock + i) * stride;
    if (number >> 32 != 0) return;
    const auto bits = static_cast<std::uint32_t>(number);
    x.emplace_back();
    std::memcpy(&x.back(), &bits, sizeof bits);
  }
}
/// Pseudo-random doubles: in turn all exponents alike, exponents from -30 to 10, and evenly from -range to range.
void fill(std::vector<double>& x, std::uint64_t block, std::uint64_t, double range) {
  x.resize(kBlock);
  std::uint64_t state = block * 0x9E3779B97F4A7C15u * kBlock;
  for (std::size_t i = 0; i < kBlock; ++i) {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15u);  // SplitMix64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    if (i % 4 == 0) {
      std::memcpy(&x[i], &z, sizeof z);
    } else if (i % 4 == 1) {
      const double mantissa = 1 + static_cast<double>(z >> 12) * 0x1p-52;
      x[i] = std::ldexp((z & 1) != 0 ? mantissa : -mantissa, static_cast<int>((z >> 1) % 41) - 30);
    } else {
      x[i] = (static_cast<double>(z >> 11) * 0x1p-52 - 1) * range;
    }
  }
}

template <class S>
Result<S> measure(const Function& function, std::uint64_t stride, std::uint64_t blocks) {
  std::atomic<std::uint64_t> next = 0;
  Result<S> results[kThreads];
  std::vector<std::thread> threads;
  for (Result<S>& result : results)
    threads.emplace_back([&] {
      std::vector<S> x;
      for (std::uint64_t b; (b = next++) < blocks;) {
        fill(x, b, stride, function.range);
        block(function, x, result);
      }
    });
  for (std::thread& thread : threads) thread.join();
  Result<S> sum;
  for (const Result<S>& result : results) {
    sum.fused.add(result.fused);
    sum.baseline.add(result.baseline);
    sum.count += result.count;
    sum.different += result.different;
  }
  return sum;
}

template <class S>
void print(const Function& function, const Result<S>& result) {
  std::printf("| %s | %s | %.3f at %a | %.3f at %a | %llu |", function.title, sizeof(S) == 4 ? "float" : "double",
              result.fused.ulp, static_cast<double>(result.fused.at), result.baseline.ulp,
              static_cast<double>(result.baseline.at), static_cast<unsigned long long>(result.count));
  if (result.fused.wrong + result.baseline.wrong + result.different != 0)
    std::printf(
        " wrong: %llu fused, %llu SSE2; v3 and v4 differ: %llu", static_cast<unsigned long long>(result.fused.wrong),
        static_cast<unsigned long long>(result.baseline.wrong), static_cast<unsigned long long>(result.different));
  std::printf("\n");
  std::fflush(stdout);
}

/// Nanoseconds a value, the best of many passes over an array in the first cache.
template <class S>
double nanoseconds(const Function& function, Isa isa) {
  std::vector<S> x(1024);
  std::vector<S> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<S>(0.001) * static_cast<S>(i) + static_cast<S>(0.1);
  double best = 1e9;
  for (int pass = 0; pass < 50; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    for (int repeat = 0; repeat < 50; ++repeat) {
      kernel_of<S>(function.name, isa)(static_cast<std::ptrdiff_t>(x.size()), x.data(), y.data());
#if defined(__GNUC__)
      asm volatile("" : : "r"(y.data()) : "memory");
#endif
    }
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count() / (50.0 * static_cast<double>(x.size())));
  }
  return best;
}

void print_speed(const Function& function) {
  std::printf("| %s |", function.title);
  for (const Isa isa : {Isa::kV4, Isa::kV3, Isa::kBaseline}) {
    if (isa > bvae::best_isa())
      std::printf(" | |");
    else
      std::printf(" %.2f | %.2f |", nanoseconds<float>(function, isa), nanoseconds<double>(function, isa));
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t stride = 1;
  std::uint64_t doubles = 100'000'000;
  std::string_view only;
  for (int i = 1; i < count; i += 2) {
    const std::string_view option = arguments[i];
    if (i + 1 == count || (option != "--stride" && option != "--doubles" && option != "--only")) {
      std::fprintf(stderr, "accuracy [--stride N] [--doubles N] [--only NAME]\n");
      return 2;
    }
    if (option == "--stride") stride = std::max(1ULL, std::strtoull(arguments[i + 1], nullptr, 10));
    if (option == "--doubles") doubles = std::strtoull(arguments[i + 1], nullptr, 10);
    if (option == "--only") only = arguments[i + 1];
  }
  std::printf("| function | type | fused: max ulp at | SSE2: max ulp at | arguments |\n|---|---|---|---|---|\n");
  for (const Function& function : kFunctions) {
    if (!only.empty() && only != function.title) continue;
    const std::uint64_t floats = (std::uint64_t{1} << 32) / stride + 1;
    print(function, measure<float>(function, stride, floats / kBlock + 1));
    if (doubles > 0) print(function, measure<double>(function, 1, doubles / kBlock + 1));
  }
  std::printf(
      "\n| ns a value | v4 float | v4 double | v3 float | v3 double | SSE2 float | SSE2 double |\n"
      "|---|---|---|---|---|---|---|\n");
  for (const Function& function : kFunctions)
    if (only.empty() || only == function.title) print_speed(function);
}
