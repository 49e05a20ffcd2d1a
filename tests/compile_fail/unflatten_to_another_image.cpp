// expect: Unflatten: the features are the pixels of another image
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<2, 3, 4>, bvae::Flatten, bvae::Unflatten<bvae::Image<2, 4, 3>>>;

int main() { return Net::kLayers; }
