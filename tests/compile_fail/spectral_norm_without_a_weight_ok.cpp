#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<4>, bvae::SpectralNorm<bvae::Linear<4>>>;

int main() { return Net::kParameters > 0 ? 0 : 1; }
