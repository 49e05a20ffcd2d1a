// How far the elementary functions of kernels/math.hpp, and kernels that have variants of them inside, are from the
// truth, over all floats and many doubles, and how long the functions take. Prints the tables of
// docs/elementary-functions.md.
//   accuracy [--stride N] [--doubles N] [--only NAME]    N = 1: every float; --doubles: arguments for each function
#include <quadmath.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "bvae/kernels/math.hpp"
#include "errors.hpp"
#include "fused_kernels.hpp"

namespace {

using namespace bvae_benchmark;
using bvae::kernels::Elementary;

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
  Answers<S> y;
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    if (isa > bvae::best_isa()) continue;
    std::vector<S>& own = y[static_cast<std::size_t>(isa)];
    own.resize(x.size());
    kernel_of<S>(function.name, isa)(static_cast<std::ptrdiff_t>(x.size()), x.data(), own.data());
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if constexpr (sizeof(S) == 4)
      result.add(x[i], y, i, function.of_float(x[i]));
    else
      result.add(x[i], y, i, function.of_double(x[i]));
  }
}

template <class S>
Result<S> measure(const Function& function, std::uint64_t stride, std::uint64_t blocks) {
  return sum_over_blocks<Result<S>>(blocks, [&](std::uint64_t b, Result<S>& result) {
    std::vector<S> x;
    fill(x, b, stride, function.range);
    block(function, x, result);
  });
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
    print(function.title, measure<float>(function, stride, floats / kBlock + 1));
    if (doubles > 0) print(function.title, measure<double>(function, 1, doubles / kBlock + 1));
  }
  print_fused_kernels(only, stride, doubles);
  bool has_heading = false;
  for (const Function& function : kFunctions) {
    if (!only.empty() && only != function.title) continue;
    if (!has_heading)
      std::printf(
          "\n| ns a value | v4 float | v4 double | v3 float | v3 double | SSE2 float | SSE2 double |\n"
          "|---|---|---|---|---|---|---|\n");
    has_heading = true;
    print_speed(function);
  }
}
