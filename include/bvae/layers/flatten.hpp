#pragma once

#include "bvae/core/concepts.hpp"

namespace bvae {

/// An image as a vector of features. Nothing moves in memory: the features keep the image's channels-last order, and
/// files translate to PyTorch's order.
struct Flatten {
  template <Shape In>
  struct Bind {
    static constexpr bool kIdentity = true;
    using Output = std::conditional_t<kIsImage<In>, Features<In::kSize, In>, In>;
  };
};

}  // namespace bvae
