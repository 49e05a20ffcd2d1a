#include <bvae/bvae.hpp>

int main() { return bvae::Image<1, 2, 3>::kSize > 0 ? 0 : 1; }
