// expect: no -fassociative-math, -freciprocal-math
// flags: -freciprocal-math
#if defined(__clang__)
#define __RECIPROCAL_MATH__ 1  // g++ defines it for the flag, clang does not.
#endif
#include <bvae/kernels/isa.hpp>

int main() {}
