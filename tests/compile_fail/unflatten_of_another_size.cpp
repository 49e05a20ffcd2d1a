// expect: Unflatten: the features must be as many as the image has values
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::Linear<23>, bvae::Unflatten<bvae::Image<2, 3, 4>>>;

int main() { return Net::kLayers; }
