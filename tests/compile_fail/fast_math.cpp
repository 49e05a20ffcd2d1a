// expect: compile without -ffast-math
// flags: -ffast-math
#include <bvae/core/types.hpp>

int main() {}
