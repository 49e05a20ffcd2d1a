// What the comparisons with PyTorch share: numbers that both sides make for themselves, goldens, and the measure of
// error.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/core/message.hpp"
#include "bvae/core/types.hpp"
#include "bvae/io/load.hpp"
#include "bvae/io/safetensors_reader.hpp"
#include "bvae/io/safetensors_writer.hpp"
#include "support/temporary_folder.hpp"

namespace oracle {

using bvae::Index;

// Value `i` of a stream: a multiple of 2^-15 in [-1, 1). The same as formula() of _formula.py.
inline double formula(std::uint32_t stream, Index i) {
  std::uint32_t x = stream * 1'000'000u + static_cast<std::uint32_t>(i);
  x *= 0x9E3779B1u;
  x ^= x >> 15;
  x *= 0x85EBCA77u;
  x ^= x >> 13;
  x *= 0xC2B2AE3Du;
  x ^= x >> 16;
  return static_cast<double>(x >> 16) / 32768 - 1;
}

// As PyTorch's [samples, rows] in C order, which is our rows x samples.
template <class Scalar>
bvae::Matrix<Scalar> formula_matrix(std::uint32_t stream, Index rows, Index samples, double scale = 1) {
  bvae::Matrix<Scalar> m(rows, samples);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<Scalar>(scale * formula(stream, i));
  return m;
}

// For each position in memory (channel fastest) the position in PyTorch's C, H, W.
inline std::vector<Index> pytorch_positions(Index channels, Index height, Index width) {
  std::vector<Index> positions;
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (Index c = 0; c < channels; ++c) positions.push_back((c * height + y) * width + x);
  return positions;
}

template <class Scalar>
bvae::Matrix<Scalar> channels_last(const bvae::Matrix<Scalar>& x, Index channels, Index height, Index width) {
  const std::vector<Index> from = pytorch_positions(channels, height, width);
  bvae::Matrix<Scalar> out(x.rows(), x.cols());
  for (Index s = 0; s < x.cols(); ++s)
    for (Index i = 0; i < x.rows(); ++i) out(i, s) = x(from[static_cast<std::size_t>(i)], s);
  return out;
}

// A file of tests/golden; values as double.
class Golden {
 public:
  explicit Golden(const std::string& name) : reader_(bvae::message(BVAE_GOLDEN, "/", name)) {}

  std::vector<double> operator[](const std::string& name) const {
    const bvae::TensorView* view = reader_.find(name);
    if (view == nullptr) throw std::runtime_error("the golden has no " + name);
    const bool wide = bvae::type_bits(view->type) == 64;
    std::vector<double> values(view->bytes.size() / (wide ? 8 : 4));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = bvae::detail::value_at<double>(*view, Index(i));
    return values;
  }

  // PyTorch's [samples, rows] as rows x samples.
  template <class Scalar>
  bvae::Matrix<Scalar> matrix(const std::string& name) const {
    const std::vector<double> values = (*this)[name];
    const Index samples = static_cast<Index>(reader_.find(name)->shape.at(0));
    return Eigen::Map<const bvae::Matrix<double>>(values.data(), Index(values.size()) / samples, samples)
        .template cast<Scalar>();
  }

  // Loads the tensors PREFIX.encoder.1.weight, ... as if they were a state dictionary: orders are converted on the way.
  template <class Model>
  void load(Model& model, const std::string& prefix) const {
    std::vector<bvae::TensorView> tensors;
    for (bvae::TensorView view : reader_.tensors()) {
      if (!view.name.starts_with(prefix + ".")) continue;
      view.name = view.name.substr(prefix.size() + 1);
      tensors.push_back(std::move(view));
    }
    const TemporaryFolder folder;
    bvae::write_safetensors(folder / "state.safetensors", tensors);
    bvae::load(model, folder / "state.safetensors");
  }

 private:
  bvae::SafetensorsReader reader_;
};

// Largest error relative to the largest expected value; infinite if any value is not finite.
template <class Actual, class Expected>
double relative_error(std::span<const Actual> actual, std::span<const Expected> expected) {
  if (actual.size() != expected.size()) throw std::runtime_error("relative_error: lengths differ");
  double largest = 0;
  double error = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    error = std::max(error, difference);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return largest > 0 ? error / largest : error;
}
template <class Scalar>
double relative_error(const bvae::Matrix<Scalar>& actual, const std::vector<double>& expected) {
  return relative_error(std::span<const Scalar>(actual.data(), static_cast<std::size_t>(actual.size())),
                        std::span<const double>(expected));
}

// Largest error of a value relative to itself; values below `floor` count as `floor`.
template <class Scalar>
double pointwise_error(std::span<const Scalar> actual, std::span<const double> expected, double floor) {
  if (actual.size() != expected.size()) throw std::runtime_error("pointwise_error: lengths differ");
  double error = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - expected[i]);
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    error = std::max(error, difference / std::max(floor, std::abs(expected[i])));
  }
  return error;
}

}  // namespace oracle
