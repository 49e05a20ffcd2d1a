// expect: Pooling: the input must be an image. put Unflatten before it
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::MaxPool2d<2>>;

int main() { return Net::kLayers; }
