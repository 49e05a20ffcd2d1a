/// Pictures of what a model has learnt.
#pragma once

#include <bvae/core/types.hpp>
#include <bvae/data/binarization.hpp>
#include <bvae/data/dataset.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <span>
#include <vector>

#include "sheet.hpp"

namespace pictures {

using bvae::Index;
using Images = bvae::Matrix<float>;

/// The first `count` test images as the model sees them: binarised, if it was trained so.
inline Images test_images(const bvae::Dataset& test, Index count, bvae::Binarization binarization, bvae::Seed seed) {
  Images images = test.columns<float>(0, std::min(count, test.size()));
  for (Index i = 0; i < images.cols(); ++i)
    bvae::binarize(binarization, seed, 0, static_cast<std::uint32_t>(i),
                   std::span<float>(images.col(i).data(), static_cast<std::size_t>(images.rows())));
  return images;
}

/// Rows of test images, each above its reconstruction.
template <class Model, class Likelihood>
void reconstructions(const Model& model, const Likelihood& likelihood, const Images& originals,
                     const std::filesystem::path& path) {
  constexpr int kColumns = 16;
  const Images decoded = model.reconstruct(originals, likelihood);
  const int pairs = static_cast<int>(originals.cols());
  Sheet sheet(2 * ((pairs + kColumns - 1) / kColumns), std::min(pairs, kColumns), 2);
  for (int i = 0; i < pairs; ++i) {
    sheet.put(2 * (i / kColumns), i % kColumns, originals.col(i));
    sheet.put(2 * (i / kColumns) + 1, i % kColumns, decoded.col(i));
  }
  sheet.write(path);
}

/// What the decoder makes of draws from the prior.
template <class Model, class Likelihood>
void samples(const Model& model, const Likelihood& likelihood, bvae::Seed seed, const std::filesystem::path& path) {
  constexpr int kSide = 10;
  const Images images = model.sample(kSide * kSide, likelihood, seed);
  Sheet sheet(kSide, kSide);
  for (int i = 0; i < kSide * kSide; ++i) sheet.put(i / kSide, i % kSide, images.col(i));
  sheet.write(path);
}

/// One row for each latent, in the given order: the latent goes from -3 to 3, the others stay where the encoder puts
/// `original`. (At 0, the other usual choice, most of the image is an average of all digits.)
template <class Model, class Likelihood>
void traversal(const Model& model, const Likelihood& likelihood, const Images& original,
               const std::vector<Index>& latents, const std::filesystem::path& path) {
  constexpr int kColumns = 13;
  const bvae::Vector<float> mu = model.encode(original).mu.col(0);
  Sheet sheet(static_cast<int>(latents.size()), kColumns);
  for (int row = 0; row < static_cast<int>(latents.size()); ++row) {
    Images z = mu.replicate(1, kColumns);
    z.row(latents[static_cast<std::size_t>(row)]).setLinSpaced(-3.0f, 3.0f);
    const Images images = model.decode(z, likelihood);
    for (int column = 0; column < kColumns; ++column) sheet.put(row, column, images.col(column));
  }
  sheet.write(path);
}

/// Where the standard normal distribution has the part `probability` (above 0, below 1) below it.
inline float normal_quantile(double probability) {
  double low = -10;
  double high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    const double below = 0.5 * std::erfc(-middle / std::numbers::sqrt2);
    (below < probability ? low : high) = middle;
  }
  return static_cast<float>(low);
}

/// The plane of two latents, the first to the right, the second upwards. The axes go through the normal quantiles (from
/// 2.5 % to 97.5 %), so every image stands for the same share of the prior (Kingma, Welling 2014, figure 4).
template <class Model, class Likelihood>
void manifold(const Model& model, const Likelihood& likelihood, const std::filesystem::path& path) {
  static_assert(Model::kLatents == 2);
  constexpr int kSide = 20;
  bvae::Vector<float> axis(kSide);
  for (int i = 0; i < kSide; ++i) axis[i] = normal_quantile((i + 0.5) / kSide);
  Sheet sheet(kSide, kSide);
  for (int row = 0; row < kSide; ++row) {
    Images z(2, kSide);
    z.row(0) = axis.transpose();
    z.row(1).setConstant(axis[kSide - 1 - row]);
    const Images images = model.decode(z, likelihood);
    for (int column = 0; column < kSide; ++column) sheet.put(row, column, images.col(column));
  }
  sheet.write(path);
}

}  // namespace pictures
