// expect: Upsample2d: the factor must be positive
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 2, 4>, bvae::Upsample2d<0>>;

int main() { return Net::kLayers; }
