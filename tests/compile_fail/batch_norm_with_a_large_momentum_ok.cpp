#include <bvae/bvae.hpp>
#include <ratio>

using Net = bvae::Network<bvae::Features<4>, bvae::BasicBatchNorm<std::ratio<9, 10>>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
