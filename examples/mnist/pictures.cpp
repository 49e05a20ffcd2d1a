#include "pictures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include "sheet.hpp"

namespace pictures {

namespace {

/// Where the standard normal distribution has the part `probability` (above 0, below 1) below it.
float normal_quantile(double probability) {
  double low = -10;
  double high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    const double below = 0.5 * std::erfc(-middle / std::numbers::sqrt2);
    (below < probability ? low : high) = middle;
  }
  return static_cast<float>(low);
}

}  // namespace

Images test_images(const bvae::Dataset& test, Index count, bvae::Binarization binarization, bvae::Seed seed) {
  Images images = test.columns<float>(0, std::min(count, test.size()));
  for (Index i = 0; i < images.cols(); ++i)
    bvae::binarize(binarization, seed, 0, static_cast<std::uint32_t>(i),
                   std::span<float>(images.col(i).data(), static_cast<std::size_t>(images.rows())));
  return images;
}

void reconstructions(const TrainedModel& model, const Images& originals, const std::filesystem::path& path) {
  constexpr int kColumns = 16;
  const Images decoded = model.decode(model.encode(originals).mu);
  const int pairs = static_cast<int>(originals.cols());
  Sheet sheet(2 * ((pairs + kColumns - 1) / kColumns), std::min(pairs, kColumns), 2);
  for (int i = 0; i < pairs; ++i) {
    sheet.put(2 * (i / kColumns), i % kColumns, originals.col(i));
    sheet.put(2 * (i / kColumns) + 1, i % kColumns, decoded.col(i));
  }
  sheet.write(path);
}

void samples(const Images& images, const std::filesystem::path& path) {
  Sheet sheet(kSamplesASide, kSamplesASide);
  for (int i = 0; i < static_cast<int>(kSamples); ++i) sheet.put(i / kSamplesASide, i % kSamplesASide, images.col(i));
  sheet.write(path);
}

void traversal(const TrainedModel& model, const Images& original, const std::vector<Index>& latents,
               const std::filesystem::path& path) {
  constexpr int kColumns = 13;
  const bvae::Vector<float> mu = model.encode(original).mu.col(0);
  Sheet sheet(static_cast<int>(latents.size()), kColumns);
  for (int row = 0; row < static_cast<int>(latents.size()); ++row) {
    Images z = mu.replicate(1, kColumns);
    z.row(latents[static_cast<std::size_t>(row)]).setLinSpaced(-3.0f, 3.0f);
    const Images images = model.decode(z);
    for (int column = 0; column < kColumns; ++column) sheet.put(row, column, images.col(column));
  }
  sheet.write(path);
}

void manifold(const TrainedModel& model, const std::filesystem::path& path) {
  constexpr int kSide = 20;
  bvae::Vector<float> axis(kSide);
  for (int i = 0; i < kSide; ++i) axis[i] = normal_quantile((i + 0.5) / kSide);
  Sheet sheet(kSide, kSide);
  for (int row = 0; row < kSide; ++row) {
    Images z(2, kSide);
    z.row(0) = axis.transpose();
    z.row(1).setConstant(axis[kSide - 1 - row]);
    const Images images = model.decode(z);
    for (int column = 0; column < kSide; ++column) sheet.put(row, column, images.col(column));
  }
  sheet.write(path);
}

}  // namespace pictures
