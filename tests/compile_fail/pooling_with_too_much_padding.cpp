// expect: Pooling: the padding must be at most half the kernel
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 7, 4>, bvae::AvgPool2d<3, 1, 2>>;

int main() { return Net::kLayers; }
