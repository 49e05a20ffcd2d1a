// The yardstick of kernels that pass over arrays once: how fast values are copied with the instruction set in use. A
// kernel like all others, because the C library's copy chooses its instructions itself.
#pragma once

#include <algorithm>
#include <chrono>

#include "bvae/core/arena.hpp"
#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "support/copy_speed.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae_benchmark {

inline void copy(bvae::kernels::Size count, const float* from, float* to) {
  bvae::kernels::choose(&bvae::kernels::baseline::copy<float>, &bvae::kernels::v3::copy<float>,
                        &bvae::kernels::v4::copy<float>)(count, from, to);
}

/// Bytes read and written a second when `count` floats are copied again and again, the best of a few short runs.
inline double copy_speed(bvae::kernels::Size count, int runs = 5) {
  bvae::Arena<float> from(static_cast<std::size_t>(count));
  bvae::Arena<float> to(static_cast<std::size_t>(count));
  std::fill_n(from.data(), count, 1.0F);
  const int repeats = static_cast<int>(std::max<bvae::kernels::Size>(1, 4'000'000 / count));
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) {
      copy(count, from.data(), to.data());
      asm volatile("" : : : "memory");
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * sizeof(float) * static_cast<double>(count) * repeats / seconds);
  }
  return best;
}

}  // namespace bvae_benchmark
