#pragma once

#include <span>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/structural_similarity.hpp"

namespace bvae {

namespace detail {
template <Index Height, Index Width>
struct ImageHoldsAWindow {
  static_assert(Height >= kernels::SsimWindow::kSize && Width >= kernels::SsimWindow::kSize,
                "Ssim: the image must be at least as high and as wide as the window, 11 pixels");
};
}  // namespace detail

/// Structural similarity of the target x and the image m of the decoder's output (Wang, Bovik, Sheikh, Simoncelli 2004,
/// equation 13) as a reconstruction term, beside a pixel term:
///
///   value = weight (1 - SSIM(x, m)) + pixel_weight pixel(x, y),
///   SSIM  = mean over windows and channels of
///           (2 mx mm + C1) (2 cov + C2) / ((mx^2 + mm^2 + C1) (var x + var m + C2)),
///
/// with means, variances and covariance under an 11 x 11 Gaussian window of standard deviation 1.5, only windows that
/// lie in the image whole, C1 = 0.01^2, C2 = 0.03^2. Each channel is compared alone. The image is the decoder's output
/// as the pixel term makes it: with Bernoulli the sigmoid, so that it lies in [0, 1] as the data must. Not a
/// likelihood: the value is in no unit, and -ELBO made of it is no bound.
///
/// The mixture of Zhao, Gallo, Frosio, Kautz 2017, alpha (1 - SSIM) + (1 - alpha) |x - m|, means over the pixels, is
/// for a decoder that ends in a layer Sigmoid
///
///     Ssim<Image<1, 28, 28>, Laplace>{.weight = alpha * 784, .pixel_weight = 1 - alpha}
///
/// Evaluating with weight 1 and pixel_weight 0 gives 1 - SSIM of any model whose output the pixel term understands.
/// Computed in double; each thread's first call allocates, later ones do not.
///
/// \tparam ImageType the shape of the model's input, an Image  \tparam Pixel as for Perceptual: Bernoulli, Gaussian,
///         Laplace
template <class ImageType, class Pixel = Bernoulli>
struct Ssim {
  double weight = static_cast<double>(ImageType::kSize);  ///< >= 0; the default counts each pixel as the sum does
  double pixel_weight = 0;                                ///< >= 0; 0: no pixel term
  Pixel pixel{};

  static constexpr std::string_view kName = "ssim";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr bool kIsDensity = false;
  using Input = ImageType;
  static_assert(sizeof(detail::ImageHoldsAWindow<ImageType::kHeight, ImageType::kWidth>) > 0 &&
                sizeof(detail::PixelTermRules<Pixel>) > 0);

  void validate() const {
    detail::check_similarity_weights("Ssim", weight, pixel_weight);
    if constexpr (requires { pixel.validate(); }) pixel.validate();
  }

  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar scale, std::span<double> values,
                  View<Scalar> gradient) const {
    detail::similarity_term<ImageType, 1>(pixel, pixel_weight, weight, target, output, scale, values, gradient);
  }

  /// values[s] = SSIM of the images x and y of sample s, in [-1, 1]; 1 exactly where they are equal, the same if they
  /// change places.
  ///
  /// \throws std::invalid_argument if the sizes differ
  template <class Scalar>
  static void similarity(ConstView<Scalar> x, ConstView<Scalar> y, std::span<double> values) {
    detail::similarities<ImageType, 1>(x, y, values);
  }

  /// The decoder's output to the image, in place.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    pixel.mean(output);
  }

  void check_targets(double minimum, double maximum) const {
    detail::check_similarity_targets("Ssim", minimum, maximum);
    pixel.check_targets(minimum, maximum);
  }
};

}  // namespace bvae
