/// Activations and their derivatives: for lanes (other kernels apply them to values that they hold already) and for
/// arrays.
#pragma once

#include <numbers>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// What the layers of the same names compute from each value. LeakyReLU and ELU have a parameter: slope and alpha.
enum class Activation : unsigned char { kIdentity, kReLU, kLeakyReLU, kTanh, kSigmoid, kELU, kSoftplus, kSiLU, kGELU };

/// Whether the derivative is computed from the input x, not from the output y.
template <Activation A>
inline constexpr bool kDerivativeNeedsInput =
    A == Activation::kSoftplus || A == Activation::kSiLU || A == Activation::kGELU;

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/activations.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// y = activation of x, for n values. x and y may be the same array.
template <Activation A, class S>
void activate(Size n, const S* x, S* y, S parameter) {
  choose(&baseline::activate_array<A, S>, &v3::activate_array<A, S>, &v4::activate_array<A, S>)(n, x, y, parameter);
}

/// dx = dy times the derivative, for n values. dx and dy may be the same array. Reads only one of x and y, see
/// kDerivativeNeedsInput.
template <Activation A, class S>
void activate_backward(Size n, const S* x, const S* y, const S* dy, S* dx, S parameter) {
  choose(&baseline::activate_backward_array<A, S>, &v3::activate_backward_array<A, S>,
         &v4::activate_backward_array<A, S>)(n, kDerivativeNeedsInput<A> ? x : y, dy, dx, parameter);
}

}  // namespace bvae::kernels
