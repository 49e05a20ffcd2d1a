#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<2, 3, 4>, bvae::Flatten, bvae::Unflatten<bvae::Image<2, 3, 4>>>;

int main() { return Net::kLayers; }
