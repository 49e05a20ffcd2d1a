#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "bvae/core/types.hpp"
#include "bvae/kernels/math.hpp"

namespace bvae {

/// Cross-entropy of class labels with the softmax of logits, one column a sample, as PyTorch's nn.CrossEntropyLoss:
///
///   values[s] = log sum_k e^(l_k) - l_label,   gradient = weight (softmax(l)_k - [k = label]).
///
/// Labels must be below the number of rows. Not a Likelihood of images: it trains classifiers (see fit_classifier).
template <class Scalar>
void softmax_cross_entropy(ConstView<Scalar> logits, std::span<const std::uint8_t> labels, Scalar weight,
                           std::span<double> values, View<Scalar> gradient) {
  using kernels::Elementary;
  const Index classes = logits.rows();
  for (Index s = 0; s < logits.cols(); ++s) {
    const Scalar* const l = logits.data() + s * classes;
    Scalar* const g = gradient.data() + s * classes;
    const auto label = static_cast<Index>(labels[static_cast<std::size_t>(s)]);
    const Scalar largest = *std::max_element(l, l + classes);
    for (Index k = 0; k < classes; ++k) g[k] = l[k] - largest;
    const double of_label = static_cast<double>(g[label]);
    kernels::apply<Elementary::kExp>(classes, g, g);
    double sum = 0;
    for (Index k = 0; k < classes; ++k) sum += static_cast<double>(g[k]);
    double log_sum = 0;
    kernels::apply<Elementary::kLog>(1, &sum, &log_sum);
    values[static_cast<std::size_t>(s)] = log_sum - of_label;
    for (Index k = 0; k < classes; ++k) {
      const double p = static_cast<double>(g[k]) / sum;
      g[k] = weight * static_cast<Scalar>(k == label ? p - 1 : p);
    }
  }
}

}  // namespace bvae
