/// Everything that needs Eigen only. Not here: testing/ (gradient checks), io/gzip.hpp (zlib), io/load.hpp
/// (nlohmann/json).
#pragma once

// L0
#include "bvae/version.hpp"

#include "bvae/kernels/isa.hpp"

#include "bvae/core/arena.hpp"
#include "bvae/core/batch.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/convolutions.hpp"
#include "bvae/core/denormals.hpp"
#include "bvae/core/errors.hpp"
#include "bvae/core/file.hpp"
#include "bvae/core/json_writer.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/core/shape.hpp"
#include "bvae/core/team.hpp"
#include "bvae/core/types.hpp"

// L1
#include "bvae/initializers/kaiming_normal.hpp"
#include "bvae/initializers/kaiming_uniform.hpp"
#include "bvae/initializers/orthogonal.hpp"
#include "bvae/initializers/xavier_normal.hpp"
#include "bvae/initializers/xavier_uniform.hpp"
#include "bvae/initializers/zeros.hpp"

#include "bvae/layers/avg_pool2d.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/conv_transpose2d.hpp"
#include "bvae/layers/convolution_rules.hpp"
#include "bvae/layers/dropout.hpp"
#include "bvae/layers/elu.hpp"
#include "bvae/layers/file_order.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/gelu.hpp"
#include "bvae/layers/image_net_input.hpp"
#include "bvae/layers/inner_tensors.hpp"
#include "bvae/layers/leaky_relu.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/max_pool2d.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/layers/pointwise.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/residual.hpp"
#include "bvae/layers/sigmoid.hpp"
#include "bvae/layers/silu.hpp"
#include "bvae/layers/softplus.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/layers/unflatten.hpp"
#include "bvae/layers/upsample2d.hpp"
#include "bvae/layers/windows.hpp"

#include "bvae/latent/diagonal_gaussian.hpp"
#include "bvae/latent/latent.hpp"

#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/likelihoods/softmax_cross_entropy.hpp"

#include "bvae/divergences/burgess_capacity.hpp"
#include "bvae/divergences/capacity.hpp"
#include "bvae/divergences/dip_vae.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/divergences/free_bits.hpp"
#include "bvae/divergences/kl.hpp"
#include "bvae/divergences/minibatch_estimator.hpp"
#include "bvae/divergences/mmd.hpp"
#include "bvae/divergences/total_correlation.hpp"

#include "bvae/schedules/any_schedule.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/cyclical.hpp"
#include "bvae/schedules/linear.hpp"
#include "bvae/schedules/progress.hpp"
#include "bvae/schedules/sequence.hpp"
#include "bvae/schedules/warm_up.hpp"

#include "bvae/optimizers/adam.hpp"
#include "bvae/optimizers/adam_w.hpp"
#include "bvae/optimizers/clip_by_global_norm.hpp"
#include "bvae/optimizers/optimizer_step.hpp"
#include "bvae/optimizers/sgd.hpp"

#include "bvae/data/binarization.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/data/idx.hpp"
#include "bvae/data/shuffle.hpp"

// L2
#include "bvae/models/network_slice.hpp"
#include "bvae/models/output_bias.hpp"
#include "bvae/models/perceptual.hpp"
#include "bvae/models/trained_network.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/models/vgg.hpp"

// L3
#include "bvae/metrics/evaluation.hpp"

#include "bvae/io/save.hpp"

// L4
#include "bvae/training/event.hpp"
#include "bvae/training/fit_classifier.hpp"
#include "bvae/training/history.hpp"
#include "bvae/training/losses.hpp"
#include "bvae/training/objective.hpp"
#include "bvae/training/trainer.hpp"

#include "bvae/callbacks/best_model.hpp"
#include "bvae/callbacks/early_stopping.hpp"
#include "bvae/callbacks/json_lines.hpp"
#include "bvae/callbacks/progress_bar.hpp"
#include "bvae/callbacks/selection.hpp"
