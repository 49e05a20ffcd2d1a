#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>

namespace bvae {

/// The capacity of Burgess et al. 2018 ("Understanding disentangling in beta-VAE", section 5): a straight line from 0,
/// then constant.
///
///     C(t) = to * min(1, step / over)
///
/// - `to`: nats, finite and not negative, default 25 (the paper's for dSprites; 50 for faces)
/// - `over`: optimizer steps, at least 1, default 100 000
struct BurgessCapacity {
  double to = 25.0;
  std::int64_t over = 100'000;

  void validate() const {
    if (!(to >= 0) || !std::isfinite(to))
      throw std::invalid_argument("BurgessCapacity: to must be finite and not negative");
    if (over < 1) throw std::invalid_argument("BurgessCapacity: over must be at least 1 step");
  }

  template <class Progress>
  [[nodiscard]] double operator()(const Progress& progress) const {
    return to * std::min(1.0, static_cast<double>(progress.step) / static_cast<double>(over));
  }
};

}  // namespace bvae
