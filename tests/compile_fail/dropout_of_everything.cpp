// expect: Dropout: the probability must be in \[0, 1\)
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Dropout<100>>;

int main() { return Net::kLayers; }
