// expect: Residual: it needs a layer
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Residual<>>;

int main() { return Net::kLayers; }
