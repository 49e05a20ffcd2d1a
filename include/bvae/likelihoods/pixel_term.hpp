/// The pixel term beside which terms on whole images stand (Perceptual, Ssim, MsSsim). It also says by
/// `kMeanActivation` how the decoder's output becomes the image that they see.
#pragma once

#include <algorithm>
#include <span>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/activations.hpp"

namespace bvae::detail {

template <class Pixel>
struct PixelTermRules {
  static_assert(
      requires { Pixel::kMeanActivation; },
      "Pixel term: must say by kMeanActivation how its output becomes an image (Bernoulli, Gaussian, Laplace)");
  static_assert(Pixel::kOutputsPerFeature == 1 && kSharedOutputs<Pixel> == 0 && !BatchLikelihood<Pixel>,
                "Pixel term: must take one output per feature and nothing else, and each sample alone");
  static_assert(Pixel::kMeanActivation == kernels::Activation::kIdentity ||
                    !kernels::kDerivativeNeedsInput<Pixel::kMeanActivation>,
                "Pixel term: the derivative of kMeanActivation must be a function of its value");
};

/// Sets values and gradient to those of pixel_weight times the pixel term.
template <class Pixel, class Scalar>
void start_with_pixel_term(const Pixel& pixel, double pixel_weight, ConstView<Scalar> target, ConstView<Scalar> output,
                           Scalar weight, std::span<double> values, View<Scalar> gradient) {
  if (pixel_weight == 0) {
    std::fill(values.begin(), values.end(), 0.0);
    std::fill_n(gradient.data(), gradient.size(), Scalar(0));
    return;
  }
  pixel(target, output, static_cast<Scalar>(pixel_weight) * weight, values, gradient);
  if (pixel_weight != 1)
    for (double& value : values) value *= pixel_weight;
}

}  // namespace bvae::detail
