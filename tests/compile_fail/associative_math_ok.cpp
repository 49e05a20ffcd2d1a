// Its twin without the mistake.
// flags: -fno-associative-math
#include <bvae/kernels/isa.hpp>

int main() {}
