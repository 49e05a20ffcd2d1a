#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::Linear<24>, bvae::Unflatten<bvae::Image<24, 1, 1>>>;

int main() { return Net::kLayers; }
