/// The structural similarity of two channels-last images and its gradient. Vectors go along the rows of the image, all
/// channels together; everything is in double, because a variance as a difference of means has few digits in float.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// The window of Wang et al. 2004, as a product of two Gaussians of standard deviation 1.5, and their constants for
/// values in [0, 1].
struct SsimWindow {
  static constexpr Size kSize = 11;
  /// exp(-(k - 5)^2 / (2 1.5^2)), divided by their sum.
  static constexpr double kWeights[kSize] = {0x1.0d956b52a1d6fp-10, 0x1.f1fe01ae5a5b7p-8, 0x1.26eb175d83f66p-5,
                                             0x1.bff0fe8e98418p-4,  0x1.b43c3f52b19f2p-3, 0x1.106560aa892c0p-2,
                                             0x1.b43c3f52b19f2p-3,  0x1.bff0fe8e98418p-4, 0x1.26eb175d83f66p-5,
                                             0x1.f1fe01ae5a5b7p-8,  0x1.0d956b52a1d6fp-10};
  static constexpr double kC1 = 0.01 * 0.01;
  static constexpr double kC2 = 0.03 * 0.03;
};

/// Values of a row, up to whole vectors.
constexpr Size padded_to_lanes(Size n) { return (n + 15) / 16 * 16; }

struct SsimImage {
  Size channels, height, width;  ///< height and width at least those of the window
  [[nodiscard]] constexpr Size row() const { return width * channels; }
  [[nodiscard]] constexpr Size padded_row() const { return padded_to_lanes(row()); }
  /// Doubles that structural_similarity() works in.
  [[nodiscard]] constexpr Size scratch() const {
    const Size border = padded_to_lanes((SsimWindow::kSize - 1) * channels);
    return padded_row() * (4 * height + 3 * (height - SsimWindow::kSize + 1)) + 4 * (padded_row() + 16) +
           3 * (border + padded_row() + 16);
  }
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/structural_similarity.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// The mean over all windows inside the image, and channels, of
///
///     luminance * structure = (2 mx my + C1) / (mx^2 + my^2 + C1) * (2 cov + C2) / (var x + var y + C2),
///
/// or of the structure alone. `gradient`, unless null, gets the mean's derivative with respect to y. `scratch`:
/// image.scratch() values, aligned for vectors or not. Images that are equal have 1, exactly; NaN in one gives NaN.
template <class S>
double structural_similarity(const SsimImage& image, bool with_luminance, const S* x, const S* y, double* scratch,
                             double* gradient) {
  return choose(&baseline::structural_similarity<S>, &v3::structural_similarity<S>, &v4::structural_similarity<S>)(
      image, with_luminance, x, y, scratch, gradient);
}

/// The product of max(base, least)^exponent of at most 16 numbers, and its derivatives: 0 for those that are at most
/// `least`, which is positive.
inline double product_of_powers(Size count, const double* bases, const double* exponents, double least,
                                double* slopes) {
  return choose(&baseline::product_of_powers, &v3::product_of_powers, &v4::product_of_powers)(count, bases, exponents,
                                                                                              least, slopes);
}

}  // namespace bvae::kernels
