// expect: GroupNorm: the groups must divide the channels
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<6, 4, 4>, bvae::GroupNorm<4>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
