// expect: Vae: a decoder that returns an image as features must end in Linear
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Image<2, 3, 4>, bvae::Encoder<bvae::Flatten, bvae::Linear<9>>, bvae::Latent<3>,
                        bvae::Decoder<bvae::Linear<24>, bvae::Residual<bvae::Linear<24>>>>;

int main() { return Model::kLatents; }
