// expect: Ssim: the image must be at least as high and as wide as the window, 11 pixels
#include <bvae/bvae.hpp>

int main() { return bvae::Ssim<bvae::Image<1, 28, 10>>{}.weight > 0 ? 0 : 1; }
