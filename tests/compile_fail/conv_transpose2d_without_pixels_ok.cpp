#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<4, 2, 2>, bvae::ConvTranspose2d<8, 2, 2, 1>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
