// expect: DecoderReturnsInput<783(L|l)?, 784(L|l)?>
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<8>>, bvae::Latent<2>,
                        bvae::Decoder<bvae::Linear<783>>>;

int main() { return Model::kParameters > 0 ? 0 : 1; }
