#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Features<10>, bvae::Encoder<>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<10>>>;

int main() { return Model::kParameters > 0 ? 0 : 1; }
