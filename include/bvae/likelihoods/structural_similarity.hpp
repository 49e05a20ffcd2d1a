/// What Ssim and MsSsim share: the similarity of two images at several scales, and the term made of it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/structural_similarity.hpp"
#include "bvae/likelihoods/pixel_term.hpp"

namespace bvae::detail {

/// Weights of the scales, finest first (Wang, Simoncelli, Bovik 2003, section 3.2).
inline constexpr std::array<double, 5> kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

/// Means of a scale below this count as this, so that their power has a derivative that is finite.
inline constexpr double kLeastSimilarity = 1e-3;

template <class Image>
struct SimilarityScales {
  static constexpr kernels::SsimImage image(int scale) {
    return {Image::kChannels, Image::kHeight >> scale, Image::kWidth >> scale};
  }
  static constexpr Index size(int scale) { return image(scale).height * image(scale).row(); }
};

/// Similarity of images of shape `Image` at `Scales` scales, each half as high and wide as the one before. Keeps its
/// memory: one for each thread.
template <class Image, int Scales>
class StructuralSimilarity : private SimilarityScales<Image> {
 public:
  /// `gradient`, unless null: the derivative with respect to y.
  template <class Scalar>
  double operator()(const Scalar* x, const Scalar* y, double* gradient) {
    if constexpr (Scales == 1) {
      return kernels::structural_similarity(image(0), true, x, y, scratch_.data(), gradient);
    } else {
      std::array<double, kScales> means{};
      std::array<double, kScales> slopes{};
      for (int scale = 0; scale < Scales; ++scale) {
        const auto i = static_cast<std::size_t>(scale);
        double* const own = gradient == nullptr ? nullptr : gradients_.data() + kBegin[i];
        if (scale == 0) {
          means[0] = kernels::structural_similarity(image(0), false, x, y, scratch_.data(), own);
          halve(0, x, x_.data() + kBegin[1]);
          halve(0, y, y_.data() + kBegin[1]);
        } else {
          means[i] = kernels::structural_similarity<double>(image(scale), scale == Scales - 1, x_.data() + kBegin[i],
                                                            y_.data() + kBegin[i], scratch_.data(), own);
          if (scale == Scales - 1) break;
          halve(scale, x_.data() + kBegin[i], x_.data() + kBegin[i + 1]);
          halve(scale, y_.data() + kBegin[i], y_.data() + kBegin[i + 1]);
        }
      }
      const double value =
          kernels::product_of_powers(Scales, means.data(), kExponents.data(), kLeastSimilarity, slopes.data());
      if (gradient != nullptr) {
        for (std::size_t i = 0; i < kScales; ++i)
          for (Index j = 0; j < size(static_cast<int>(i)); ++j)
            scale_by(gradients_[static_cast<std::size_t>(kBegin[i] + j)], slopes[i]);
        for (int scale = Scales - 1; scale > 0; --scale) add_of_halved(scale - 1);
        std::copy_n(gradients_.data(), Image::kSize, gradient);
      }
      return value;
    }
  }

 private:
  using SimilarityScales<Image>::image;
  using SimilarityScales<Image>::size;
  static constexpr auto kScales = static_cast<std::size_t>(Scales);

  static constexpr std::array<Index, kScales + 1> kBegin = [] {
    std::array<Index, kScales + 1> begin{};
    for (int scale = 0; scale < Scales; ++scale)
      begin[static_cast<std::size_t>(scale + 1)] = begin[static_cast<std::size_t>(scale)] + size(scale);
    return begin;
  }();
  static constexpr std::array<double, kScales> kExponents = [] {
    std::array<double, kScales> exponents{};
    double sum = 0;
    for (std::size_t i = 0; i < kScales; ++i) sum += kScaleWeights[i];
    for (std::size_t i = 0; i < kScales; ++i) exponents[i] = kScaleWeights[i] / sum;
    return exponents;
  }();

  /// Means of 2 x 2 pixels; an odd last row or column is left out.
  template <class Scalar>
  static void halve(int scale, const Scalar* from, double* to) {
    const kernels::SsimImage fine = image(scale);
    for (Index i = 0; i + 1 < fine.height; i += 2)
      for (Index j = 0; j + 1 < fine.width; j += 2)
        for (Index c = 0; c < fine.channels; ++c) {
          const Scalar* const at = from + i * fine.row() + j * fine.channels + c;
          const auto pixel = [at](Index k) { return static_cast<double>(at[k]); };
          *to++ = 0.25 * ((pixel(0) + pixel(fine.channels)) + (pixel(fine.row()) + pixel(fine.row() + fine.channels)));
        }
  }
  static void scale_by(double& x, double factor) { x = rounded(x * factor); }
  void add_of_halved(int scale) {
    const kernels::SsimImage fine = image(scale);
    const double* from = gradients_.data() + kBegin[static_cast<std::size_t>(scale + 1)];
    double* const to = gradients_.data() + kBegin[static_cast<std::size_t>(scale)];
    for (Index i = 0; i + 1 < fine.height; i += 2)
      for (Index j = 0; j + 1 < fine.width; j += 2)
        for (Index c = 0; c < fine.channels; ++c) {
          double* const at = to + i * fine.row() + j * fine.channels + c;
          const double part = 0.25 * *from++;  // exact
          at[0] += part;
          at[fine.channels] += part;
          at[fine.row()] += part;
          at[fine.row() + fine.channels] += part;
        }
  }

  static constexpr std::size_t kAllScales = Scales == 1 ? 0 : static_cast<std::size_t>(kBegin[kScales]);
  Arena<double> scratch_ = Arena<double>(static_cast<std::size_t>(image(0).scratch()));
  Arena<double> x_ = Arena<double>(kAllScales);
  Arena<double> y_ = Arena<double>(kAllScales);
  Arena<double> gradients_ = Arena<double>(kAllScales);
};

/// Memory of one thread for the term; made by the thread's first call.
template <class Image, int Scales, class Scalar>
struct SimilarityWork {
  StructuralSimilarity<Image, Scales> similarity;
  Arena<Scalar> image = Arena<Scalar>(static_cast<std::size_t>(Image::kSize));
  Arena<Scalar> delta = Arena<Scalar>(static_cast<std::size_t>(Image::kSize));
  Arena<double> gradient = Arena<double>(static_cast<std::size_t>(Image::kSize));

  static SimilarityWork& of_this_thread() {
    thread_local const std::unique_ptr<SimilarityWork> work = std::make_unique<SimilarityWork>();
    return *work;
  }
};

/// values = pixel_weight times the pixel term plus term_weight (1 - similarity), and the gradient.
template <class Image, int Scales, class Pixel, class Scalar>
void similarity_term(const Pixel& pixel, double pixel_weight, double term_weight, ConstView<Scalar> target,
                     ConstView<Scalar> output, Scalar weight, std::span<double> values, View<Scalar> gradient) {
  constexpr Index kSize = Image::kSize;
  auto& work = SimilarityWork<Image, Scales, Scalar>::of_this_thread();
  start_with_pixel_term(pixel, pixel_weight, target, output, weight, values, gradient);
  const double slope = -term_weight * static_cast<double>(weight);
  for (Index s = 0; s < target.cols(); ++s) {
    kernels::activate<Pixel::kMeanActivation>(kSize, output.data() + s * kSize, work.image.data(), Scalar(0));
    const double similarity = work.similarity(target.data() + s * kSize, work.image.data(), work.gradient.data());
    values[static_cast<std::size_t>(s)] += rounded(term_weight * (1.0 - similarity));
    for (std::size_t i = 0; i < work.gradient.size(); ++i)
      work.delta[i] = static_cast<Scalar>(slope * work.gradient[i]);
    kernels::activate_backward<Pixel::kMeanActivation>(kSize, work.image.data(), work.image.data(), work.delta.data(),
                                                       work.delta.data(), Scalar(0));
    Scalar* const to = gradient.data() + s * kSize;
    for (std::size_t i = 0; i < work.delta.size(); ++i) to[i] += work.delta[i];
  }
}

/// The similarity of each pair of images, without any activation.
template <class Image, int Scales, class Scalar>
void similarities(ConstView<Scalar> x, ConstView<Scalar> y, std::span<double> values) {
  if (x.rows() != Image::kSize || y.rows() != Image::kSize || x.cols() != y.cols() ||
      values.size() != static_cast<std::size_t>(x.cols()))
    throw std::invalid_argument(
        "similarity: both batches must hold as many images of the type's size as there are values");
  auto& work = SimilarityWork<Image, Scales, Scalar>::of_this_thread();
  for (Index s = 0; s < x.cols(); ++s)
    values[static_cast<std::size_t>(s)] =
        work.similarity(x.data() + s * Image::kSize, y.data() + s * Image::kSize, nullptr);
}

inline void check_similarity_weights(std::string_view name, double weight, double pixel_weight) {
  const auto good = [](double w) { return w >= 0 && std::isfinite(w); };
  if (!good(weight) || !good(pixel_weight))
    throw std::invalid_argument(message(name, ": weights must be finite and not negative"));
}
inline void check_similarity_targets(std::string_view name, double minimum, double maximum) {
  if (minimum < 0 || maximum > 1)
    throw std::invalid_argument(
        message(name, ": the data must lie in [0, 1], they lie in [", minimum, ", ", maximum, ']'));
}

}  // namespace bvae::detail
