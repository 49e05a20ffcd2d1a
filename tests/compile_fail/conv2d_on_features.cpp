// expect: Conv2d, ConvTranspose2d: the input must be an Image. put Unflatten before it
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<64>, bvae::Conv2d<8, 3>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
