// A second translation unit of the same program: every function in the headers must be inline.
#include <bvae/bvae.hpp>

int version_in_second();
int version_in_second() { return BVAE_VERSION_MINOR; }
