// expect: Unflatten: write Unflatten<Image<channels, height, width>>
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::Linear<24>, bvae::Unflatten<bvae::Features<24>>>;

int main() { return Net::kLayers; }
