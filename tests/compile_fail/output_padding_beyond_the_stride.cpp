// expect: ConvTranspose2d: the output padding must be smaller than the stride
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<4, 2, 1>, bvae::ConvTranspose2d<8, 3, 2, 1, 2>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
