// expect: Residual: the layers must return the shape of the input
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Residual<bvae::Linear<9>>>;

int main() { return Net::kLayers; }
