// The images of ssim.py, channels-last.
#pragma once

#include <utility>
#include <vector>

#include "oracle/against_pytorch.hpp"

namespace oracle {

// Target and decoder output, as images() makes them.
template <class Image, class Scalar>
std::pair<bvae::Matrix<Scalar>, bvae::Matrix<Scalar>> similar_images(Index samples) {
  bvae::Matrix<Scalar> target(Image::kSize, samples);
  bvae::Matrix<Scalar> output(Image::kSize, samples);
  for (Index s = 0; s < samples; ++s)
    for (Index c = 0; c < Image::kChannels; ++c)
      for (Index y = 0; y < Image::kHeight; ++y)
        for (Index x = 0; x < Image::kWidth; ++x) {
          const auto at = [&](Index row, Index column) {
            return ((s * Image::kChannels + c) * Image::kHeight + row) * Image::kWidth + column;
          };
          const double fine = formula(1, at(y, x));
          const double coarse = formula(3, at(y / 4 * 4, x / 4 * 4));
          const bool opposite = s == samples - 1;
          const Index row = (y * Image::kWidth + x) * Image::kChannels + c;
          target(row, s) = static_cast<Scalar>(opposite ? 0.5 + (coarse + fine) / 4 : (fine + 1) / 2);
          output(row, s) = static_cast<Scalar>(opposite ? coarse - 1.25 * fine : 2 * fine + formula(2, at(y, x)));
        }
  return {target, output};
}

// Every n-th value in PyTorch's order.
template <class Image, class Scalar>
std::vector<Scalar> every_nth(const bvae::Matrix<Scalar>& x, Index n) {
  const std::vector<Index> position = pytorch_positions(Image::kChannels, Image::kHeight, Image::kWidth);
  std::vector<Scalar> all(static_cast<std::size_t>(x.size()));
  for (Index s = 0; s < x.cols(); ++s)
    for (Index i = 0; i < x.rows(); ++i)
      all[static_cast<std::size_t>(s * x.rows() + position[static_cast<std::size_t>(i)])] = x(i, s);
  std::vector<Scalar> some;
  for (Index i = 0; i < x.size(); i += n) some.push_back(all[static_cast<std::size_t>(i)]);
  return some;
}

template <class Scalar>
struct Evaluated {
  std::vector<double> values;
  bvae::Matrix<Scalar> gradient;
};
template <class L, class Scalar>
Evaluated<Scalar> evaluated(const L& likelihood, const bvae::Matrix<Scalar>& target, const bvae::Matrix<Scalar>& output,
                            Scalar weight = 1) {
  Evaluated<Scalar> result{std::vector<double>(static_cast<std::size_t>(target.cols())),
                           bvae::Matrix<Scalar>(target.rows(), target.cols())};
  likelihood(bvae::ConstView<Scalar>(target.data(), target.rows(), target.cols()),
             bvae::ConstView<Scalar>(output.data(), output.rows(), output.cols()), weight,
             std::span<double>(result.values),
             bvae::View<Scalar>(result.gradient.data(), target.rows(), target.cols()));
  return result;
}

// Errors of values and gradient against the golden's.
template <class Image, class L, class Scalar>
std::pair<double, double> errors_against(const Golden& golden, const std::string& name, const L& likelihood,
                                         const bvae::Matrix<Scalar>& target, const bvae::Matrix<Scalar>& output,
                                         Index every = 5) {
  const Evaluated<Scalar> result = evaluated(likelihood, target, output);
  const std::vector<Scalar> gradient = every_nth<Image>(result.gradient, every);
  return {pointwise_error<double>(result.values, golden[name + ".values"], 1e-6),
          relative_error(std::span<const Scalar>(gradient), std::span<const double>(golden[name + ".gradient"]))};
}

}  // namespace oracle
