/// One flat, aligned block for all parameters of a model; gradients and optimizer moments are blocks of the same
/// length.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
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

/// A tensor of a layer: PyTorch's name, PyTorch's extents. Its values lie in C order (last axis fastest), unless it is
/// the operand of a product: then they lie in panels (see weight_in_panels()). Axes that run over the pixels of an
/// image say so
/// (`order`): in memory they are channels-last, and io/ turns them into PyTorch's order in files.
struct TensorInfo {
  std::string_view name;
  int rank = 1;
  std::array<Index, 4> extents{};  ///< the first `rank` count
  std::array<AxisOrder, 2> order{};
  Index panel = 0;  ///< values from one panel to the next; 0 = C order
  Index begin = 0;  ///< in panels: where in the first panel the tensor begins; > 0: in the panels of the tensor before
  bool whole_numbers = false;  ///< counts: I64 in files

  /// Values from one panel to the next of weights with `inputs` and a bias: an odd number of cache lines, so that the
  /// panels do not compete for the same places of a cache.
  static constexpr Index panel_of(Index inputs) { return kPanelRows * ((inputs + 1) | 1); }

  /// Weights [outputs, inputs] in panels of 16 outputs: the 16 weights of input 0, of input 1, ..., the 16 biases.
  /// Outputs that do not exist have zeros.
  static constexpr TensorInfo weight_in_panels(std::string_view name, Index outputs, Index inputs,
                                               std::array<AxisOrder, 2> order = {}) {
    return {name, 2, {outputs, inputs}, order, panel_of(inputs)};
  }
  /// The bias [outputs] of those weights; must follow them.
  static constexpr TensorInfo bias_in_panels(std::string_view name, Index outputs, Index inputs) {
    return {name, 1, {outputs}, {}, panel_of(inputs), kPanelRows * inputs};
  }
  /// The weights of a convolution, PyTorch's [rows, columns, kernel, kernel], as such a matrix: the inputs are kernel
  /// rows, kernel columns and, fastest, the image's channels.
  static constexpr TensorInfo kernel_in_panels(std::string_view name, Index rows, Index columns, Index kernel) {
    return {name,
            4,
            {rows, columns, kernel, kernel},
            {AxisOrder{}, AxisOrder{columns, kernel, kernel}},
            panel_of(columns * kernel * kernel)};
  }
  static constexpr Index kPanelRows = 16;

  [[nodiscard]] constexpr Index size() const {
    Index product = 1;
    for (int axis = 0; axis < rank; ++axis) product *= extents[static_cast<std::size_t>(axis)];
    return product;
  }
  /// Positions along the first axis; the three axes of an image count as one.
  [[nodiscard]] constexpr Index rows() const {
    if (order[0].is_image() && rank == 3) return size();
    return rank > 0 ? extents[0] : 1;
  }
  /// Positions along the other axes.
  [[nodiscard]] constexpr Index columns() const { return size() / rows(); }
  /// Values that it takes in memory, padding included; 0 if it lies in the panels of the tensor before.
  [[nodiscard]] constexpr Index stored_size() const {
    if (panel != 0) return begin > 0 ? 0 : (rows() + kPanelRows - 1) / kPanelRows * panel;
    return (size() + kTensorPadding - 1) / kTensorPadding * kTensorPadding;
  }
  /// Where the value at `row` of the first axis and `column` of the others lies, from the tensor's first value on.
  [[nodiscard]] constexpr Index position(Index row, Index column = 0) const {
    if (panel != 0) return row / kPanelRows * panel + column * kPanelRows + row % kPanelRows;
    return row * columns() + column;
  }
};

/// Where the tensors of a layer lie, relative to the layer's start; the last entry is the layer's total.
template <std::size_t N>
constexpr std::array<Index, N + 1> tensor_offsets(const std::array<TensorInfo, N>& tensors) {
  std::array<Index, N + 1> offsets{};
  Index end = 0;
  Index block = 0;  // where the last tensor with memory of its own begins
  for (std::size_t i = 0; i < N; ++i) {
    if (tensors[i].begin == 0) block = end;
    offsets[i] = block + tensors[i].begin;
    end += tensors[i].stored_size();
  }
  offsets[N] = end;
  return offsets;
}

/// Copies values in C order (of the axes in memory: the pixels of an image channels-last) to where a tensor, whose
/// memory begins at `first`, keeps them.
template <class Scalar>
void set_values(const TensorInfo& info, Scalar* first, std::span<const Scalar> values) {
  const Index rows = info.rows();
  const Index columns = info.columns();
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) first[info.position(r, c)] = values[static_cast<std::size_t>(r * columns + c)];
}

/// The values of a tensor, whose memory begins at `first`, in the same order.
template <class Scalar>
std::vector<std::remove_const_t<Scalar>> values_of(const TensorInfo& info, Scalar* first) {
  const Index rows = info.rows();
  const Index columns = info.columns();
  std::vector<std::remove_const_t<Scalar>> values;
  values.reserve(static_cast<std::size_t>(info.size()));
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < columns; ++c) values.push_back(first[info.position(r, c)]);
  return values;
}

/// Values [first, first + count) of a layer's parameters.
struct GradientRange {
  Index first = 0;
  Index count = 0;
};

/// A part of a weight in panels: some columns of some panels.
struct PanelBlock {
  Index first_panel = 0;
  Index panels = 0;
  Index first_column = 0;
  Index columns = 0;
};

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
