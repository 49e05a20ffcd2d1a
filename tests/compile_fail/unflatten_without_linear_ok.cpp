#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<24>, bvae::Linear<24>, bvae::Tanh, bvae::Unflatten<bvae::Image<2, 3, 4>>>;

int main() { return Net::kLayers; }
