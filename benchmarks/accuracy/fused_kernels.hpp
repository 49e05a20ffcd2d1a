// Kernels with variants of the elementary functions inside, which `apply` does not reach.
#pragma once

#include <cstdint>
#include <string_view>

namespace bvae_benchmark {

/// Prints the rows of the kernel that `only` names, of all if it is empty; every stride-th float, and about as many
/// doubles, and pairs of words, as `doubles` says.
void print_fused_kernels(std::string_view only, std::uint64_t stride, std::uint64_t doubles);

}  // namespace bvae_benchmark
