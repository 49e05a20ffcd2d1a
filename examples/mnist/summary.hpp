/// What is said of a trained model.
#pragma once

#include <bvae/core/types.hpp>
#include <bvae/metrics/evaluation.hpp>
#include <bvae/metrics/log_likelihood.hpp>

#include <optional>
#include <vector>

#include "experiment.hpp"
#include "trained_model.hpp"

/// Latents, those that carry most about the data first.
std::vector<bvae::Index> by_kl(const bvae::Vector<double>& kl_per_latent);

/// What the summary says beside the evaluation.
struct Findings {
  std::vector<double> sigmas;                         ///< of each latent the posterior's, mean over the test images
  double pixel_error = 0;                             ///< of reconstructed test images: mean squared error of a pixel
  std::optional<double> named_rightly;                ///< share of those that the reader takes for the right digit
  std::optional<double> pixel_sigma;                  ///< if the training has found one for all pixels
  std::optional<bvae::LogLikelihood> log_likelihood;  ///< if it was asked for and is possible
};

/// All but the last two, from the test images.
Findings look_at(const TrainedModel& model, const Experiment& experiment);

/// \param is_density whether the reconstruction is in nats, so that there is an ELBO
void print_summary(const Experiment& experiment, const bvae::Evaluation& test, bool is_density,
                   const std::vector<bvae::Index>& latents, const Findings& findings);
