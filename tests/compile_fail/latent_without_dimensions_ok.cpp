#include <bvae/bvae.hpp>

int main() { return bvae::Latent<1>::kHeadOutputs > 0 ? 0 : 1; }
