#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bvae/data/dataset.hpp"
#include "bvae/likelihoods/bernoulli.hpp"

namespace bvae {

/// The least reconstruction term that any model can have on `data` as it is (not binarised) under Bernoulli: the mean
/// over the samples of the entropy of their pixels, in nats. The same bits every time.
///
/// \throws std::invalid_argument if the data do not lie in [0, 1]
[[nodiscard]] inline double entropy_floor(const Dataset& data) {
  Bernoulli{}.check_targets(data.minimum(), data.maximum());
  std::vector<double> x(static_cast<std::size_t>(data.features()));
  double sum = 0;
  for (Index s = 0; s < data.size(); ++s) {
    const std::array<std::uint32_t, 1> sample{static_cast<std::uint32_t>(s)};
    data.gather<double>(sample, x.data());
    double entropy = 0;
    Bernoulli::entropy(ConstView<double>(x.data(), data.features(), 1), std::span<double>(&entropy, 1));
    sum += entropy;
  }
  return sum / static_cast<double>(data.size());
}

}  // namespace bvae
