// Its twin without the mistake.
// flags: -fsigned-zeros
#include <bvae/kernels/isa.hpp>

int main() {}
