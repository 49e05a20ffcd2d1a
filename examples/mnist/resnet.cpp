#include <bvae/bvae.hpp>

#include "experiment.hpp"
#include "run.hpp"

/// Adds what two convolutions see to what came in.
template <bvae::Index Channels>
using Block = bvae::Residual<bvae::GroupNorm<8>, bvae::SiLU, bvae::Conv2d<Channels, 3, 1, 1>, bvae::GroupNorm<8>,
                             bvae::SiLU, bvae::Conv2d<Channels, 3, 1, 1>>;

template <bvae::Index Outputs, class... Last>
using Model = bvae::Vae<bvae::Image<1, 28, 28>,
                        bvae::Encoder<bvae::Conv2d<16, 3, 1, 1>, bvae::MaxPool2d<2>, Block<16>, bvae::AvgPool2d<2>,
                                      bvae::SiLU, bvae::Flatten, bvae::Dropout<10>, bvae::Linear<256>, bvae::SiLU>,
                        bvae::Latent<20>,
                        bvae::Decoder<bvae::Linear<256, bvae::Orthogonal>, bvae::SiLU, bvae::Linear<16 * 7 * 7>,
                                      bvae::Unflatten<bvae::Image<16, 7, 7>>, bvae::Upsample2d<2>, Block<16>,
                                      bvae::Upsample2d<2>, bvae::SiLU, bvae::Conv2d<Outputs, 3, 1, 1>, Last...>>;

void run_resnet(const Experiment& experiment) { run<Model>(experiment); }
