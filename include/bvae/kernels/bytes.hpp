/// Images of bytes to numbers.
#pragma once

#include <cstdint>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/bytes.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// values[i] = bytes[i] / 255, correctly rounded, on every instruction set.
template <class S>
void bytes_to_values(Size count, const std::uint8_t* bytes, S* values) {
  choose(&baseline::bytes_to_values<S>, &v3::bytes_to_values<S>, &v4::bytes_to_values<S>)(count, bytes, values);
}

}  // namespace bvae::kernels
