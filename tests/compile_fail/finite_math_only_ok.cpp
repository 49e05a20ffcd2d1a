// Its twin without the mistake.
// flags: -fno-finite-math-only
#include <bvae/kernels/isa.hpp>

int main() {}
