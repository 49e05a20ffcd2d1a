#include <bvae/bvae.hpp>
#include <ratio>

int main() { return bvae::Network<bvae::Features<3>, bvae::BasicELU<std::ratio<1, 2>>>::kLayers; }
