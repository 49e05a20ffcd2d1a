// expect: Residual: body and Shortcut<\.\.\.> need a layer each
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Residual<bvae::Shortcut<>, bvae::ReLU>>;

int main() { return Net::kLayers; }
