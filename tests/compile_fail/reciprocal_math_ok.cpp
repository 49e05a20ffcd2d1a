// Its twin without the mistake.
// flags: -fno-reciprocal-math
#include <bvae/kernels/isa.hpp>

int main() {}
