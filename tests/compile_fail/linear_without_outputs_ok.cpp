#include <bvae/bvae.hpp>

int main() { return bvae::Network<bvae::Features<3>, bvae::Linear<1>>::kLayers; }
