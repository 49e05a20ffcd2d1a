// expect: Pixel term: must say by kMeanActivation
#include <bvae/bvae.hpp>

int main() { return bvae::Ssim<bvae::Image<1, 28, 28>, bvae::OptimalGaussian>{}.weight > 0 ? 0 : 1; }
