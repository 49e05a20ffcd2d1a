// Flags that change no value.
// flags: -fno-math-errno -fno-trapping-math -ffp-contract=fast
#include <bvae/core/types.hpp>

int main() {}
