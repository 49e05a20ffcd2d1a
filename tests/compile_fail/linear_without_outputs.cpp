// expect: Linear: the number of outputs must be positive
#include <bvae/bvae.hpp>

int main() { return bvae::Network<bvae::Features<3>, bvae::Linear<0>>::kLayers; }
