#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<6, 4, 4>, bvae::GroupNorm<3>, bvae::Flatten>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
