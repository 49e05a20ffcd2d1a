// expect: Latent: the number of dimensions must be positive
#include <bvae/bvae.hpp>

int main() { return bvae::Latent<0>::kHeadOutputs > 0 ? 0 : 1; }
