#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 7, 4>, bvae::MaxPool2d<5, 1, 1>>;

int main() { return Net::kLayers; }
