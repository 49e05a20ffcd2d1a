// expect: MsSsim: the image of the coarsest scale must be at least as high and as wide as the window, 11 pixels
#include <bvae/bvae.hpp>

int main() { return bvae::MsSsim<bvae::Image<3, 64, 64>, 4>{}.weight > 0 ? 0 : 1; }
