#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Unflatten<bvae::Image<1, 2, 4>>, bvae::Upsample2d<2>>;

int main() { return Net::kLayers; }
