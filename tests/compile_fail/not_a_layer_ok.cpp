#include <bvae/bvae.hpp>

struct Dense {
  int outputs = 3;
};

int main() { return bvae::Network<bvae::Features<3>, bvae::Linear<3>>::kLayers; }
