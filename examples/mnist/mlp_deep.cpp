#include <bvae/bvae.hpp>

#include "experiment.hpp"
#include "run.hpp"

namespace {
using bvae::Linear;
using bvae::ReLU;
}  // namespace

/// Its decoder hears next to nothing of the latents before it has learned: with a constant beta they die in the first
/// steps of training.
template <bvae::Index Outputs, class... Last>
using Model = bvae::Vae<
    bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, Linear<256>, ReLU, Linear<256>, ReLU>, bvae::Latent<50>,
    bvae::Decoder<Linear<256>, ReLU, Linear<256>, ReLU, Linear<256>, ReLU, Linear<256>, ReLU, Linear<256>, ReLU,
                  Linear<256>, ReLU, Linear<256>, ReLU, Linear<256>, ReLU, Linear<784 * Outputs>, Last...>>;

void run_mlp_deep(const Experiment& experiment) { run<Model>(experiment); }
