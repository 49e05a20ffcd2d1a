/// One flat, aligned block for all parameters of a model; gradients and optimizer moments are blocks of the same
/// length.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "bvae/core/shape.hpp"

namespace bvae {

/// Alignment of every arena and of every tensor in it, in bytes: a cache line, and the widest vector.
inline constexpr std::size_t kAlignment = 64;

namespace detail {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{kAlignment})); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t{kAlignment}); }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

}  // namespace detail

template <class Scalar>
using Arena = std::vector<Scalar, detail::AlignedAllocator<Scalar>>;

/// Tensors start at multiples of this many values, so that each is aligned whatever the scalar type.
inline constexpr Index kTensorPadding = 16;

/// A tensor of a layer: PyTorch's name, PyTorch's extents, stored in C order (last axis fastest). Axes that run over
/// the pixels of an image say so (`order`): in memory they are channels-last, and io/ turns them into PyTorch's order
/// in files.
struct TensorInfo {
  std::string_view name;
  int rank = 1;
  std::array<Index, 4> extents{};  ///< the first `rank` count
  std::array<AxisOrder, 2> order{};

  [[nodiscard]] constexpr Index size() const {
    Index product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= extents[static_cast<std::size_t>(axis)];
    return product;
  }
  [[nodiscard]] constexpr Index padded_size() const {
    return (size() + kTensorPadding - 1) / kTensorPadding * kTensorPadding;
  }
};

/// Where the tensors of a layer lie, relative to the layer's start; the last entry is the layer's total.
template <std::size_t N>
constexpr std::array<Index, N + 1> tensor_offsets(const std::array<TensorInfo, N>& tensors) {
  std::array<Index, N + 1> offsets{};
  for (std::size_t i = 0; i < N; ++i) offsets[i + 1] = offsets[i] + tensors[i].padded_size();
  return offsets;
}

/// A layer's own tensors: `tensors[0]` points to its first. `Scalar` is const where they are only read.
template <class Scalar>
class Tensors {
 public:
  constexpr Tensors(Scalar* base, const Index* offsets) : base_(base), offsets_(offsets) {}
  [[nodiscard]] Scalar* operator[](std::size_t i) const { return base_ + offsets_[i]; }

 private:
  Scalar* base_;
  const Index* offsets_;
};

}  // namespace bvae
