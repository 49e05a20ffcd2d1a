// expect: SpectralNorm: the layer inside needs a weight in panels
#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::SpectralNorm<bvae::ReLU>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
