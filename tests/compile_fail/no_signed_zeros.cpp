// expect: reciprocal-math or -fno-signed-zeros
// flags: -fno-signed-zeros
#if defined(__clang__)
#define __NO_SIGNED_ZEROS__ 1  // g++ defines it for the flag, clang does not.
#endif
#include <bvae/kernels/isa.hpp>

int main() {}
