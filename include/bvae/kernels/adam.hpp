/// One pass of Adam over any range of the parameters. The kernel to copy: arguments and their meaning here, the loop in
/// adam.inc, once for each instruction set.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// All of Adam that is the same for every element; both bias corrections are folded in, so that an element costs one
/// square root and one division:
///
///     g = scale * gradient
///     m = keep1 * m + take1 * g
///     v = keep2 * v + take2 * g^2
///     p = keep_parameter * p - step_size * m / (sqrt(v) + epsilon)
template <class S>
struct AdamCoefficients {
  S scale, keep1, take1, keep2, take2, step_size, epsilon, keep_parameter;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/adam.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// Updates `count` parameters and their moments m (`first`) and v (`second`), which all must be separate arrays. With
/// keep_parameter = 1 nothing decays.
template <class S>
void adam(Size count, const AdamCoefficients<S>& coefficients, const S* gradient, S* parameters, S* first, S* second) {
  choose(&baseline::adam<S>, &v3::adam<S>, &v4::adam<S>)(count, coefficients, gradient, parameters, first, second);
}

}  // namespace bvae::kernels
