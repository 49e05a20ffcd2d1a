// expect: Pooling: kernel and stride must be positive
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 7, 4>, bvae::AvgPool2d<3, 0>>;

int main() { return Net::kLayers; }
