// expect: Image: channels, height and width must be positive
#include <bvae/bvae.hpp>

int main() { return bvae::Image<1, 0, 3>::kSize > 0 ? 0 : 1; }
