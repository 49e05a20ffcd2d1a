#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<1, 28, 28>, bvae::Flatten, bvae::Linear<400>, bvae::ReLU>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
