// The yardstick of every benchmark: how many multiply-adds this machine really does with the instruction set in use,
// measured beside what is judged. It does not depend on the flags of the translation unit: it is compiled like a
// kernel.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "bvae/core/team.hpp"
#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "support/fma_peak.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae_benchmark {

/// Operations a second of all members of the team together (a multiply-add counts two), the best of a few short runs:
/// noise only ever slows down. Takes about 10 ms a run.
template <class S = float>
double fma_peak(bvae::Team& team, int runs = 5) {
  const auto chains = bvae::kernels::choose(&bvae::kernels::baseline::fma_chains<S>, &bvae::kernels::v3::fma_chains<S>,
                                            &bvae::kernels::v4::fma_chains<S>);
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> rates(static_cast<std::size_t>(team.size()));
    team.run([&](const bvae::Member& member) {
      member.barrier();
      const auto start = std::chrono::steady_clock::now();
      const double operations = chains(1'500'000);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      rates[static_cast<std::size_t>(member.rank())] = operations / seconds;
    });
    double sum = 0;
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace bvae_benchmark
