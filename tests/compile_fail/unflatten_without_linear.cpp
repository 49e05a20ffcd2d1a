// expect: Unflatten: before it must be Linear, with activations between them at most
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<24>, bvae::Tanh, bvae::Unflatten<bvae::Image<2, 3, 4>>>;

int main() { return Net::kLayers; }
