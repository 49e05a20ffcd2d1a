#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::Linear<24>, bvae::Unflatten<bvae::Image<2, 3, 4>>>;

int main() { return Net::kLayers; }
