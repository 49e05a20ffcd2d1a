#pragma once

#include <bvae/layers/chain.hpp>
#include <bvae/likelihoods/any_likelihood.hpp>
#include <bvae/optimizers/any_optimizer.hpp>
#include <bvae/training/any_divergence.hpp>

#include <filesystem>
#include <span>
#include <vector>

#include "experiment.hpp"

/// The reconstruction term that the options ask for, if it takes one output of the decoder for each pixel. That with
/// features trains them first, or reads them, and leaves them in the run's folder.
bvae::AnyLikelihood<> make_likelihood(const Experiment& experiment);

/// What a network of features, read from a file, takes the digits in the images (a column each) for.
std::vector<int> name_digits(const std::filesystem::path& features, const bvae::Matrix<float>& images);

/// Gives a model's parameters the start that `--init` asks for, where it does not leave them to the layers.
void start_weights(std::span<float> parameters, const std::vector<bvae::NamedTensor>& tensors, const Options& options);

/// What beta multiplies.
bvae::AnyDivergence<> make_divergence(const Options& options);

bvae::AnyOptimizer<> make_optimizer(const Options& options);
