#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 2, 4>, bvae::Upsample2d<1>>;

int main() { return Net::kLayers; }
