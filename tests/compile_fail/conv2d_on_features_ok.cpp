#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 8, 8>, bvae::Conv2d<8, 3>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
