// expect: GroupNorm: the features are pixels of several channels. put it before Flatten
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Image<6, 4, 4>, bvae::Flatten, bvae::GroupNorm<3>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
