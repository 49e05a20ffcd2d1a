/// In which order files have a layer's outputs, where a layer behind it makes an image of them. In memory an image is
/// channels-last, PyTorch reads the same features as C, H, W: so the rows of the layer that makes them change places on
/// their way to a file and back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/message.hpp"
#include "bvae/layers/chain.hpp"

namespace bvae::detail {

template <class B>
inline constexpr bool kKeepsOrder = requires { requires B::kKeepsOrder; } || kIsIdentity<B>;

/// Bound layer I of a Chain's `Bounds`.
template <class Bounds, int I>
using BoundOf = std::remove_pointer_t<std::tuple_element_t<static_cast<std::size_t>(I), Bounds>>;

/// The outputs of layer I may be in any order: they come from rows, or each from one that does.
template <class Bounds, int I>
constexpr bool has_free_order() {
  if constexpr (I < 0) {
    return false;
  } else if constexpr (kIsImage<typename BoundOf<Bounds, I>::Output>) {
    return false;
  } else if constexpr (requires { requires BoundOf<Bounds, I>::kOutputsAreRows; }) {
    return true;
  } else if constexpr (kKeepsOrder<BoundOf<Bounds, I>>) {
    return has_free_order<Bounds, I - 1>();
  } else {
    return false;
  }
}

/// How files order the outputs of layer I, if they have those of the last layer in the order `last`. No image where
/// they are as in memory, or where the shape itself knows.
template <class Bounds, int I>
constexpr AxisOrder file_order(AxisOrder last) {
  using Output = typename BoundOf<Bounds, I>::Output;
  if constexpr (kAxisOrder<Output>.is_image()) {
    return {};
  } else if constexpr (I + 1 == static_cast<int>(std::tuple_size_v<Bounds>)) {
    return last;
  } else {
    using Next = BoundOf<Bounds, I + 1>;
    if constexpr (kIsIdentity<Next> && kIsImage<typename Next::Output>) {
      return kAxisOrder<typename Next::Output>;
    } else if constexpr (kKeepsOrder<Next>) {
      return file_order<Bounds, I + 1>(last);
    } else {
      return {};
    }
  }
}

/// C, H, W and H, W, C are the same order.
constexpr bool is_one_order(const AxisOrder& order) { return order.channels <= 1 || order.height * order.width == 1; }

/// Every layer that makes an image of features finds them in an order that files can have.
template <class Bounds, int I = 0>
constexpr bool all_unflattens_are_ordered() {
  if constexpr (I == static_cast<int>(std::tuple_size_v<Bounds>)) {
    return true;
  } else {
    using B = BoundOf<Bounds, I>;
    if constexpr (requires { requires B::kUnflattens; }) {
      if constexpr (!is_one_order(kAxisOrder<typename B::Output>))
        if (!has_free_order<Bounds, I - 1>()) return false;
    }
    return all_unflattens_are_ordered<Bounds, I + 1>();
  }
}

template <class Bounds>
struct UnflattensAreOrdered {
  static_assert(all_unflattens_are_ordered<Bounds>(),
                "Unflatten: before it must be Linear, with activations between them at most, because files have its "
                "outputs in PyTorch's order");
  static constexpr bool value = true;
};

/// A tensor of a layer with so many outputs, which files have in `order`.
constexpr void set_file_order(TensorInfo& tensor, Index outputs, const AxisOrder& order) {
  if (order.is_image() && tensor.rank > 0 && tensor.extents[0] == outputs && !tensor.name.ends_with("._v"))
    tensor.order[0] = order;  // (SpectralNorm's v runs over the inputs)
}

/// Adds the tensors of a layer, which begin at `base`; layer < 0: the layer's number is not part of the names.
inline void append_tensors(std::vector<NamedTensor>& all, const std::string& prefix, int layer, Index base,
                           std::span<const TensorInfo> tensors, Index outputs, const AxisOrder& order) {
  Index block = base;
  for (const TensorInfo& info : tensors) {
    NamedTensor& tensor = all.emplace_back();
    tensor.name = layer < 0 ? message(prefix, '.', info.name) : message(prefix, '.', layer, '.', info.name);
    tensor.info = info;
    set_file_order(tensor.info, outputs, order);
    if (info.begin == 0) block = base;
    tensor.offset = block + info.begin;
    base += info.stored_size();
  }
}

}  // namespace bvae::detail
