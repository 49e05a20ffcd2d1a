#pragma once

#include <span>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/structural_similarity.hpp"

namespace bvae {

namespace detail {
template <Index Height, Index Width, int Scales>
struct ScalesHoldAWindow {
  static_assert(Scales >= 1 && Scales <= 5, "MsSsim: there are weights for 1 to 5 scales");
  static_assert(
      (Height >> (Scales - 1)) >= kernels::SsimWindow::kSize && (Width >> (Scales - 1)) >= kernels::SsimWindow::kSize,
      "MsSsim: the image of the coarsest scale must be at least as high and as wide as the window, 11 pixels");
};
}  // namespace detail

/// Structural similarity at several scales (Wang, Simoncelli, Bovik 2003, equation 7) as a reconstruction term, beside
/// a pixel term; otherwise as Ssim:
///
///   value = weight (1 - MS) + pixel_weight pixel(x, y),   MS = cs_1^w_1 ... cs_{M-1}^w_{M-1} ssim_M^w_M,
///
/// with ssim_M the SSIM at the coarsest scale and cs_j the mean over windows and channels of SSIM's second factor,
/// (2 cov + C2) / (var x + var m + C2), at scale j. From one scale to the next: means of 2 x 2 pixels, an odd last row
/// or column is left out. The exponents are 0.0448, 0.2856, 0.3001, 0.2363, 0.1333, finest scale first; with fewer
/// scales the first of them, divided by their sum. 5 scales take images of 176 x 176 pixels, 64 x 64 have 3, 28 x 28
/// have 2.
///
/// A cs_j or ssim_M may be negative, and has no power then; it is taken as 0.001 where it is less, and has no gradient
/// there, while the other scales have. (Implementations that take 0 there have a value of 0 and no finite gradient.)
/// With one scale it is Ssim, which may be negative.
///
/// \tparam ImageType the shape of the model's input, an Image  \tparam Scales M, 1 to 5
/// \tparam Pixel as for Perceptual: Bernoulli, Gaussian, Laplace
template <class ImageType, int Scales = 5, class Pixel = Bernoulli>
struct MsSsim {
  double weight = static_cast<double>(ImageType::kSize);  ///< >= 0; the default counts each pixel as the sum does
  double pixel_weight = 0;                                ///< >= 0; 0: no pixel term
  Pixel pixel{};

  static constexpr std::string_view kName = "ms-ssim";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr bool kIsDensity = false;
  using Input = ImageType;
  static_assert(sizeof(detail::ScalesHoldAWindow<ImageType::kHeight, ImageType::kWidth, Scales>) > 0 &&
                sizeof(detail::PixelTermRules<Pixel>) > 0);

  void validate() const {
    detail::check_similarity_weights("MsSsim", weight, pixel_weight);
    if constexpr (requires { pixel.validate(); }) pixel.validate();
  }

  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar scale, std::span<double> values,
                  View<Scalar> gradient) const {
    detail::similarity_term<ImageType, Scales>(pixel, pixel_weight, weight, target, output, scale, values, gradient);
  }

  /// values[s] = MS-SSIM of the images x and y of sample s, in (0, 1]; 1 exactly where they are equal, the same if they
  /// change places.
  ///
  /// \throws std::invalid_argument if the sizes differ
  template <class Scalar>
  static void similarity(ConstView<Scalar> x, ConstView<Scalar> y, std::span<double> values) {
    detail::similarities<ImageType, Scales>(x, y, values);
  }

  /// The decoder's output to the image, in place.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    pixel.mean(output);
  }

  void check_targets(double minimum, double maximum) const {
    detail::check_similarity_targets("MsSsim", minimum, maximum);
    pixel.check_targets(minimum, maximum);
  }
};

}  // namespace bvae
