/// The vocabulary of the kernels: lanes of numbers and what can be done with them, written on the compiler's vector
/// types, once for each instruction set (namespaces baseline, v3 and v4, see isa.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bvae/kernels/isa.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/registers.inc"
#include "bvae/kernels/for_each_isa.inc"
#define BVAE_KERNEL_SOURCE "bvae/kernels/simd.inc"
#include "bvae/kernels/for_each_isa.inc"
