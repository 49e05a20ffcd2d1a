#include <bvae/bvae.hpp>

using Model = bvae::Vae<bvae::Image<2, 3, 4>, bvae::Encoder<bvae::Flatten, bvae::Linear<9>>, bvae::Latent<3>,
                        bvae::Decoder<bvae::Linear<24>, bvae::Unflatten<bvae::Image<2, 3, 4>>>>;

void start(Model& model, const bvae::Dataset& data) { bvae::set_output_bias(model, data, bvae::Bernoulli{}); }

int main() {}
