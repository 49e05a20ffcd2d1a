/// Pictures of what a model has learnt.
#pragma once

#include <bvae/core/types.hpp>
#include <bvae/data/binarization.hpp>
#include <bvae/data/dataset.hpp>

#include <filesystem>
#include <vector>

#include "trained_model.hpp"

namespace pictures {

using bvae::Index;
using Images = TrainedModel::Images;

/// The first `count` test images as the model sees them: binarised, if it was trained so.
Images test_images(const bvae::Dataset& test, Index count, bvae::Binarization binarization, bvae::Seed seed);

/// Rows of test images, each above its reconstruction.
void reconstructions(const TrainedModel& model, const Images& originals, const std::filesystem::path& path);

/// Images of draws from the prior, kSamples of them.
constexpr int kSamplesASide = 10;
constexpr Index kSamples = kSamplesASide * kSamplesASide;
void samples(const Images& images, const std::filesystem::path& path);

/// One row for each latent, in the given order: the latent goes from -3 to 3, the others stay where the encoder puts
/// `original`. (At 0, the other usual choice, most of the image is an average of all digits.)
void traversal(const TrainedModel& model, const Images& original, const std::vector<Index>& latents,
               const std::filesystem::path& path);

/// The plane of two latents, the first to the right, the second upwards. The axes go through the normal quantiles (from
/// 2.5 % to 97.5 %), so every image stands for the same share of the prior (Kingma, Welling 2014, figure 4).
void manifold(const TrainedModel& model, const std::filesystem::path& path);

}  // namespace pictures
