#include <bvae/bvae.hpp>

int main() { return bvae::MsSsim<bvae::Image<3, 64, 64>, 3>{}.weight > 0 ? 0 : 1; }
