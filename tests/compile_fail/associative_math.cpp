// expect: no -fassociative-math
// flags: -D__ASSOCIATIVE_MATH__=1
// (g++ defines it for the flag, clang does not.)
#include <bvae/kernels/isa.hpp>

int main() {}
