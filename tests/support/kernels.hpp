// What the tests of the kernels share: loops over instruction sets and lengths, and numbers to put in.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "bvae/kernels/isa.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

namespace bvae_test {

/// All lengths up to `dense`, which has several registers and every rest, then up to `most` in steps.
struct Lengths {
  std::size_t dense = 67;
  std::size_t most = 67;
  std::size_t step = 1;
};

/// Calls check(length, at_end) with every instruction set in use; `at_end` is for Guarded.
template <class Check>
void for_isas_and_lengths(Check&& check, Lengths lengths = {}) {
  for (const bvae::Isa isa : all_isas()) {
    const UsingIsa using_isa(isa);
    for (std::size_t n = 0; n <= lengths.most; n += n < lengths.dense ? 1 : lengths.step)
      for (const bool at_end : {false, true}) {
        INFO(name(isa) << ", length " << n << (at_end ? ", at the end of a page" : ""));
        check(n, at_end);
      }
  }
}

/// Calls check(first, other) for the results of run() with the first instruction set that has a fused multiply-add, and
/// with each of them.
template <class Run, class Check>
void for_fused_isas(Run&& run, Check&& check) {
  const auto run_with = [&](bvae::Isa isa) {
    const UsingIsa using_isa(isa);
    return run();
  };
  const std::vector<bvae::Isa> isas = compared_isas();
  if (isas.empty()) return;
  const auto first = run_with(isas.front());
  for (const bvae::Isa isa : isas) {
    INFO(name(isa));
    check(first, run_with(isa));
  }
}

/// Numbers without a pattern in center - size .. center + size.
template <class Values>
void fill(Values& values, double frequency, double size = 1, double center = 0) {
  double i = 0;
  for (auto& x : values) {
    x = static_cast<std::remove_reference_t<decltype(x)>>(center + size * std::sin(frequency * i * i + 1));
    ++i;
  }
}

/// Whether `value` is right to `bar`, relative to what is expected or, where that is smaller, to `floor`.
template <class T>
bool close(T value, double expected, double bar, double floor = 1) {
  return std::abs(static_cast<double>(value) - expected) <= bar * std::max(std::abs(expected), floor);
}

}  // namespace bvae_test
