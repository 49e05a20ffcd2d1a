/// What becomes of numbers too small for their exponent: the library computes without them.
#pragma once

#include <cstdint>

namespace bvae {

/// While it lives, this thread treats denormal numbers (below 2^-126 for float, 2^-1022 for double) as zero, operands
/// and results alike; then the thread's own mode is back, also when an exception leaves the scope. May be nested. Sets
/// flush-to-zero and denormals-are-zero (MXCSR) on x86-64, FZ (FPCR) on AArch64, and nothing on other machines.
///
/// Team::run puts one around each member's work and Vae around encode() and decode(), so all that trains or applies a
/// model has the same mode, and the same bits, in every thread. User code that runs there (layers, likelihoods,
/// divergences, optimizers) sees it too; callbacks, schedules and whatever else runs outside keep their own mode.
///
/// Why: x86 processors take a hundred cycles and more for an operation with a denormal number, and training makes many
/// of them (moments of Adam that decay, gradients of dead units), which are nothing next to the numbers they are added
/// to.
///
/// x86 and ARM agree but for one case: x86 looks at a result after rounding and ARM before it. A result that lies below
/// the smallest normal number and rounds up to it stays on x86 and becomes 0 on ARM.
class FlushDenormals {
 public:
#if defined(__x86_64__) || defined(__aarch64__)
  FlushDenormals() noexcept : before_(control()) {
    if ((before_ & kBits) != kBits) set_control(before_ | kBits);
  }
  /// Only these bits go back: the flags of exceptions (overflow, ...) that were raised meanwhile stay.
  ~FlushDenormals() {
    if ((before_ & kBits) != kBits) set_control((control() & ~kBits) | (before_ & kBits));
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  /// Whether this thread flushes denormals now.
  [[nodiscard]] static bool active() noexcept { return (control() & kBits) == kBits; }
#else
  FlushDenormals() noexcept {}
  ~FlushDenormals() {}
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

  [[nodiscard]] static bool active() noexcept { return false; }
#endif

 private:
  // The memory clobbers keep loads and stores, and with them the arithmetic between, on their side of the change.
#if defined(__x86_64__)
  using Control = std::uint32_t;
  static constexpr Control kBits = 0x8040;  // FTZ and DAZ

  static Control control() noexcept {
    asm volatile("" ::: "memory");
    return __builtin_ia32_stmxcsr();
  }
  static void set_control(Control bits) noexcept {
    asm volatile("" ::: "memory");
    __builtin_ia32_ldmxcsr(bits);
    asm volatile("" ::: "memory");
  }

  Control before_;
#elif defined(__aarch64__)
  using Control = std::uint64_t;
  static constexpr Control kBits = Control{1} << 24;  // FZ

  static Control control() noexcept {
    Control bits;
    asm volatile("mrs %0, fpcr" : "=r"(bits)::"memory");
    return bits;
  }
  static void set_control(Control bits) noexcept { asm volatile("msr fpcr, %0" ::"r"(bits) : "memory"); }

  Control before_;
#endif
};

}  // namespace bvae
