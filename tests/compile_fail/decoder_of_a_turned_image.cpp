// expect: Vae: an image that the decoder returns must have the input's height and width
#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Image<1, 14, 24>, bvae::Encoder<bvae::Flatten>, bvae::Latent<2>,
                        bvae::Decoder<bvae::Linear<336>, bvae::Unflatten<bvae::Image<1, 24, 14>>, bvae::Conv2d<1, 1>>>;

int main() { return Model::kFeatures == 336 ? 0 : 1; }
