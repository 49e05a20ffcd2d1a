#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Residual<bvae::Shortcut<bvae::Linear<9>>, bvae::Linear<9>>>;

int main() { return Net::kLayers; }
