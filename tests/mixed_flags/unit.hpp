// What each translation unit computes.
#pragma once

#include <bvae/core/types.hpp>
#include <cstdint>

struct Checksums {
  std::uint64_t adam = 0;
  std::uint64_t training = 0;
  bool operator==(const Checksums&) const = default;
};

namespace plain {
Checksums compute(int isa, int threads);
/// Takes a matrix of another unit, and gives one to it.
bvae::Matrix<float> squares(bvae::Matrix<float> x);
}  // namespace plain
namespace native {
Checksums compute(int isa, int threads);
/// Takes a matrix of another unit, and gives one to it.
bvae::Matrix<float> squares(bvae::Matrix<float> x);
}  // namespace native
