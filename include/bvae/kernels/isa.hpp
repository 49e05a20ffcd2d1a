/// Which instruction set the kernels use: chosen once a process, from what the processor has.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// Flags that let a compiler change values. Clang announces the first two only.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "bvae finds runs that diverge by their NaN and infinities: compile without -ffast-math and -ffinite-math-only"
#elif defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "bvae gives the same bits with all compilers: no -fassociative-math, -freciprocal-math or -fno-signed-zeros"
#elif defined(__FLT_EVAL_METHOD__) && (__FLT_EVAL_METHOD__ < 0 || __FLT_EVAL_METHOD__ == 1 || __FLT_EVAL_METHOD__ == 2)
#error "bvae gives the same bits with all compilers: float and double must be computed as such (no -mfpmath=387)"
#endif

namespace bvae {

/// Instruction sets of the kernels. Higher ones are faster; v3 and v4 (and NEON, the baseline of AArch64) give the same
/// bits, the baseline of x86-64 differs in the last ones because it has no fused multiply-add.
enum class Isa : unsigned char {
  kBaseline = 1,  ///< x86-64: SSE2; AArch64: NEON; elsewhere what the compiler's flags allow
  kV3 = 2,        ///< x86-64-v3: AVX2 and FMA, processors since 2013
  kV4 = 3,        ///< x86-64-v4: AVX-512
};

/// "baseline", "v3", "v4".
constexpr std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::kV3:
      return "v3";
    case Isa::kV4:
      return "v4";
    default:
      return "baseline";
  }
}

namespace detail {

inline Isa ask_processor() noexcept {
#if defined(__x86_64__)
  // Asked here and not of __builtin_cpu_supports, which some runtime libraries answer wrongly.
  const auto has = [](unsigned word, auto... bits) { return (((word >> bits & 1U) != 0) && ...); };
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || !has(ecx, 12, 27, 28)) return Isa::kBaseline;  // FMA, XGETBV, AVX
  unsigned saved = 0;  // registers that the operating system keeps
  asm volatile("xgetbv" : "=a"(saved), "=d"(edx) : "c"(0));
  if (!has(saved, 1, 2)) return Isa::kBaseline;                                                     // ymm
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || !has(ebx, 5)) return Isa::kBaseline;  // AVX2
  return has(saved, 5, 6, 7) && has(ebx, 16, 17, 30, 31) ? Isa::kV4 : Isa::kV3;  // zmm; AVX-512 F, DQ, BW, VL
#else
  return Isa::kBaseline;
#endif
}

}  // namespace detail

/// The best instruction set of this processor that its operating system lets us use.
inline Isa best_isa() noexcept {
  static const Isa best = detail::ask_processor();  // virtual machines take long to answer
  return best;
}

namespace detail {

inline std::atomic<Isa>& chosen_isa() noexcept {
  static constinit std::atomic<Isa> chosen{};
  return chosen;
}

/// Refuses what is no instruction set, and what a processor lacks whose best one is `best`.
[[gnu::cold, gnu::noinline]] inline void check_isa(const std::string& caller, Isa isa, Isa best) {
  if (isa < Isa::kBaseline || isa > Isa::kV4)
    throw std::invalid_argument(caller + ": " + std::to_string(static_cast<int>(isa)) + " is no instruction set");
  if (isa > best)
    throw std::invalid_argument(caller + ": this processor has " + std::string(name(best)) + ", not " +
                                std::string(name(isa)));
}

}  // namespace detail

/// Makes all kernels of the process use `isa` from now on; not to be called while a model trains.
/// \throws std::invalid_argument if this processor lacks it, or if it is none
inline void use_isa(Isa isa) {
  detail::check_isa("use_isa", isa, best_isa());
  detail::chosen_isa().store(isa, std::memory_order_relaxed);
}

/// The instruction set by its name. \throws std::invalid_argument for an unknown name
[[gnu::cold]] inline Isa isa_of(std::string_view text) {
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4})
    if (text == name(isa)) return isa;
  throw std::invalid_argument("BVAE_ISA: must be baseline, v3 or v4, not '" + std::string(text) + "'");
}

namespace detail {

/// What BVAE_ISA says; the best one without it, or if it is empty.
[[gnu::cold, gnu::noinline]] inline Isa isa_of_environment() {
  const char* text = std::getenv("BVAE_ISA");
  if (text == nullptr || *text == '\0') return best_isa();
  const Isa wanted = isa_of(text);
  check_isa("BVAE_ISA", wanted, best_isa());
  return wanted;
}

}  // namespace detail

/// The instruction set in use: the best one, unless use_isa() or the environment variable BVAE_ISA (baseline, v3 or v4)
/// says a lower one. \throws std::invalid_argument at the first call, if BVAE_ISA is unknown or this processor lacks it
inline Isa isa() {
  const Isa chosen = detail::chosen_isa().load(std::memory_order_relaxed);
  if (chosen != Isa{}) [[likely]]
    return chosen;
  Isa first{};
  const Isa wanted = detail::isa_of_environment();
  // Another thread may have called use_isa() since: then that stays.
  return detail::chosen_isa().compare_exchange_strong(first, wanted, std::memory_order_relaxed) ? wanted : first;
}

namespace kernels {

/// Sizes, offsets and leading dimensions, in values.
using Size = std::ptrdiff_t;

#if !defined(__x86_64__)
namespace baseline {}
namespace v3 = baseline;
namespace v4 = baseline;
#endif

/// The one of three functions that the instruction set in use wants.
template <class Function>
Function* choose(Function* baseline, Function* v3, Function* v4) {
  switch (isa()) {
    case Isa::kV4:
      return v4;
    case Isa::kV3:
      return v3;
    default:
      return baseline;
  }
}

}  // namespace kernels

}  // namespace bvae
