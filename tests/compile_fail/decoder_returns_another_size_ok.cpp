#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<8>>, bvae::Latent<2>,
                        bvae::Decoder<bvae::Linear<784>>>;

int main() { return Model::kParameters > 0 ? 0 : 1; }
