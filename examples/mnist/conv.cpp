#include <bvae/bvae.hpp>

#include "experiment.hpp"
#include "run.hpp"

template <bvae::Index Outputs, class... Last>
using Model = bvae::Vae<bvae::Image<1, 28, 28>,
                        bvae::Encoder<bvae::Conv2d<32, 4, 2, 1>, bvae::ReLU, bvae::Conv2d<32, 4, 2, 1>, bvae::ReLU,
                                      bvae::Flatten, bvae::Linear<256>, bvae::ReLU>,
                        bvae::Latent<20>,
                        bvae::Decoder<bvae::Linear<256>, bvae::ReLU, bvae::Linear<32 * 7 * 7>, bvae::ReLU,
                                      bvae::Unflatten<bvae::Image<32, 7, 7>>, bvae::ConvTranspose2d<32, 4, 2, 1>,
                                      bvae::ReLU, bvae::ConvTranspose2d<Outputs, 4, 2, 1>, Last...>>;

void run_conv(const Experiment& experiment) { run<Model>(experiment); }
