// expect: compile without -ffast-math and -ffinite-math-only
// flags: -ffinite-math-only
#include <bvae/kernels/isa.hpp>

int main() {}
