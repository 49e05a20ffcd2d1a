#include <bvae/bvae.hpp>

using Net = bvae::Network<bvae::Features<8>, bvae::Dropout<99>>;

int main() { return Net::kLayers; }
