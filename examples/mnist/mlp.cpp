#include <bvae/bvae.hpp>

#include "experiment.hpp"
#include "run.hpp"

template <bvae::Index Outputs, class... Last>
using Model =
    bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>, bvae::Latent<20>,
              bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784 * Outputs>, Last...>>;

void run_mlp(const Experiment& experiment) { run<Model>(experiment); }
