/// Between memory, where the pixels of an image are channels-last and weights lie in panels, and PyTorch's files, in C
/// order with the channel slowest.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "bvae/core/arena.hpp"

namespace bvae::detail {

/// For each position along an axis of a file its position in memory. An axis may run over several images, one after
/// another.
inline std::vector<Index> memory_positions(Index size, const AxisOrder& order) {
  std::vector<Index> positions(static_cast<std::size_t>(size));
  if (!order.is_image()) {
    std::iota(positions.begin(), positions.end(), Index{0});
    return positions;
  }
  std::size_t file = 0;
  for (Index first = 0; first < size; first += order.channels * order.height * order.width)
    for (Index c = 0; c < order.channels; ++c)
      for (Index y = 0; y < order.height; ++y)
        for (Index x = 0; x < order.width; ++x) positions[file++] = first + (y * order.width + x) * order.channels + c;
  return positions;
}

/// Whether memory and file hold the values in the same order.
inline bool lies_as_in_file(const TensorInfo& info) {
  return info.panel == 0 && !info.order[0].is_image() && !info.order[1].is_image();
}

/// Calls move(position in file, position in memory) for each value of the tensor.
template <class Move>
[[gnu::cold]] void for_each_value(const TensorInfo& info, Move&& move) {
  const Index rows = info.rows();
  const Index columns = info.columns();
  const std::vector<Index> row = memory_positions(rows, info.order[0]);
  const std::vector<Index> column = memory_positions(columns, info.order[1]);
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < columns; ++k)
      move(i * columns + k, info.position(row[static_cast<std::size_t>(i)], column[static_cast<std::size_t>(k)]));
}

}  // namespace bvae::detail
