// expect: ELU: alpha must not be negative
#include <bvae/bvae.hpp>
#include <ratio>

int main() { return bvae::Network<bvae::Features<3>, bvae::BasicELU<std::ratio<-1>>>::kLayers; }
