/// A data set in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/core/message.hpp"
#include "bvae/core/types.hpp"
#include "bvae/kernels/bytes.hpp"

namespace bvae {

/// Size of one sample seen as an image. Its values are stored height, width, channel: the channel changes fastest.
struct ImageExtents {
  Index channels = 1;
  Index height = 1;
  Index width = 1;

  [[nodiscard]] constexpr Index size() const noexcept { return channels * height * width; }
  bool operator==(const ImageExtents&) const = default;
};

/// Samples that do not change: one column is one sample, as everywhere in bvae.
///
/// Held as bytes (a byte b stands for the value b / 255), floats or doubles, whatever they were given as: images stay a
/// quarter of the size that they have as floats, and become numbers in `gather`. A label of one byte per sample may go
/// with them. It is a plain value: copying copies the data. All functions are const and may be called from any number
/// of threads.
class Dataset {
 public:
  /// Samples from the columns of a float or double matrix or expression, as one row of features each (or of `extents`).
  /// \throws std::invalid_argument if there is no value, if one is NaN or infinite, if `extents` or `labels` disagree
  template <class Derived>
  explicit Dataset(const Eigen::MatrixBase<Derived>& columns)
      : Dataset(columns, ImageExtents{.width = columns.rows()}) {}
  template <class Derived>
  Dataset(const Eigen::MatrixBase<Derived>& columns, ImageExtents extents, std::vector<std::uint8_t> labels = {})
      : Dataset(flatten(columns, extents), extents, std::move(labels)) {}

  /// Samples of bytes: one after another, each as `extents` says. Takes the vector over without a copy.
  /// \throws std::invalid_argument if there is no byte, if they are not whole samples, or if `labels` disagree
  static Dataset from_bytes(std::vector<std::uint8_t> bytes, ImageExtents extents,
                            std::vector<std::uint8_t> labels = {}) {
    return Dataset(std::move(bytes), extents, std::move(labels));
  }

  /// The same for floats or doubles.
  /// \throws std::invalid_argument also if a value is NaN or infinite
  template <class Value>
    requires std::is_same_v<Value, float> || std::is_same_v<Value, double>
  static Dataset from_values(std::vector<Value> values, ImageExtents extents, std::vector<std::uint8_t> labels = {}) {
    return Dataset(std::move(values), extents, std::move(labels));
  }

  /// Number of samples, at least 1.
  [[nodiscard]] Index size() const noexcept { return size_; }
  /// Number of values in a sample, at least 1.
  [[nodiscard]] Index features() const noexcept { return extents_.size(); }
  [[nodiscard]] ImageExtents extents() const noexcept { return extents_; }
  [[nodiscard]] bool is_bytes() const noexcept { return !bytes_.empty(); }
  /// One for each sample, or none.
  [[nodiscard]] std::span<const std::uint8_t> labels() const noexcept { return labels_; }
  /// The smallest value of all samples; known since construction.
  [[nodiscard]] double minimum() const noexcept { return minimum_; }
  /// The largest value of all samples; known since construction.
  [[nodiscard]] double maximum() const noexcept { return maximum_; }

  /// A copy of `count` samples from `first` on, with their labels.
  /// \throws std::out_of_range unless 0 <= first, 1 <= count and first + count <= size()
  [[nodiscard]] Dataset slice(Index first, Index count) const {
    check_range(first, count);
    const auto cut = [](const auto& from, Index begin, Index length) {
      return std::decay_t<decltype(from)>(from.begin() + begin, from.begin() + begin + length);
    };
    auto labels = labels_.empty() ? Bytes{} : cut(labels_, first, count);
    return with_values<Dataset>([&](const auto& values) {
      return Dataset(cut(values, first * features(), count * features()), extents_, std::move(labels));
    });
  }

  /// Writes the named samples one after another: a column-major matrix of features() rows and samples.size() columns.
  /// Thread-safe, allocates nothing.
  /// \throws std::out_of_range if a sample is not below size(); nothing is written then
  /// \throws std::range_error if values of doubles are beyond the largest float that was asked for
  template <class Scalar>
  void gather(std::span<const std::uint32_t> samples, Scalar* out) const {
    check_scalar<Scalar>();
    for (const std::uint32_t sample : samples) {
      if (static_cast<std::uint64_t>(sample) >= static_cast<std::uint64_t>(size_)) refuse_sample(sample);
    }
    with_values([&](const auto& values) {
      const auto first = [&](std::size_t i) {
        return values.data() + static_cast<std::size_t>(samples[i]) * static_cast<std::size_t>(features());
      };
      const std::size_t bytes = static_cast<std::size_t>(features()) * sizeof(values[0]);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (i + 1 < samples.size()) {  // shuffled samples lie anywhere
          const auto* next = reinterpret_cast<const char*>(first(i + 1));
          for (std::size_t b = 0; b < bytes && b < 4096; b += 64) __builtin_prefetch(next + b);
        }
        out = convert(first(i), features(), out);
      }
    });
  }

  /// `count` samples from `first` on, as the columns of a matrix.
  /// \throws std::out_of_range as `slice` does, std::range_error as `gather` does
  template <class Scalar>
  [[nodiscard]] Matrix<Scalar> columns(Index first, Index count) const {
    check_scalar<Scalar>();
    check_range(first, count);
    Matrix<Scalar> matrix(features(), count);
    with_values([&](const auto& values) { convert(values.data() + first * features(), matrix.size(), matrix.data()); });
    return matrix;
  }

 private:
  using Bytes = std::vector<std::uint8_t>;

  /// function(values) for those of the three vectors that has them. (A std::variant took four times as long to
  /// compile.)
  template <class Result = void, class Function>
  Result with_values(Function&& function) const {
    if (!bytes_.empty()) return function(bytes_);
    if (!floats_.empty()) return function(floats_);
    return function(doubles_);
  }

  template <class Value>
  Dataset(std::vector<Value> values, ImageExtents extents, Bytes labels)
      : extents_(extents), labels_(std::move(labels)) {
    set_size(static_cast<Index>(values.size()));
    find_bounds(values);
    if constexpr (std::is_same_v<Value, std::uint8_t>) {
      bytes_ = std::move(values);
    } else if constexpr (std::is_same_v<Value, float>) {
      floats_ = std::move(values);
    } else {
      doubles_ = std::move(values);
    }
  }

  /// The number of samples in `count` values, which must fit extents and labels.
  [[gnu::noinline]] void set_size(Index count) {
    check_extents(extents_);
    const Index features = extents_.size();
    if (count == 0) throw std::invalid_argument("Dataset: there is no sample");
    if (count % features != 0)
      throw std::invalid_argument(message("Dataset: ", count, " values are not whole samples of ", features));
    size_ = count / features;
    if (size_ > Index{std::numeric_limits<std::uint32_t>::max()})
      throw std::invalid_argument("Dataset: more than 2^32-1 samples");
    if (!labels_.empty() && labels_.size() != static_cast<std::size_t>(size_))
      throw std::invalid_argument(message("Dataset: ", labels_.size(), " labels for ", size_, " samples"));
  }

  [[noreturn, gnu::cold, gnu::noinline]] void refuse_sample(std::uint32_t sample) const {
    throw std::out_of_range(message("Dataset: sample ", sample, " of ", size_));
  }
  [[noreturn, gnu::cold, gnu::noinline]] void refuse_bounds() const {
    throw std::range_error(message("Dataset: values from ", minimum_, " to ", maximum_, " do not fit a float"));
  }

  [[gnu::cold]] static std::string text_of(ImageExtents extents) {
    return message("Dataset: the extents ", extents.channels, " x ", extents.height, " x ", extents.width,
                   " (channels, height, width) ");
  }

  /// In steps, so that no product overflows.
  static void check_extents(ImageExtents extents) {
    const auto [channels, height, width] = extents;
    constexpr Index kMost = std::numeric_limits<Index>::max();
    if (channels > 0 && height > 0 && width > 0 && height <= kMost / channels && width <= kMost / (channels * height)) {
      return;
    }
    throw std::invalid_argument(message(text_of(extents), "must all be 1 or more, and their product countable"));
  }

  template <class Value>
  void find_bounds(const std::vector<Value>& values) {
    Value low = values.front();
    Value high = values.front();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_floating_point_v<Value>) {
        if (!std::isfinite(values[i])) {
          const std::size_t features = static_cast<std::size_t>(extents_.size());
          throw std::invalid_argument(
              message("Dataset: sample ", i / features, ", feature ", i % features, " is ", values[i]));
        }
      }
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
    }
    minimum_ = value_of<double>(low);
    maximum_ = value_of<double>(high);
  }

  void check_range(Index first, Index count) const {
    if (first >= 0 && count >= 1 && first < size_ && count <= size_ - first) return;
    throw std::out_of_range(message("Dataset: ", count, " samples from ", first, " on, of ", size_));
  }

  template <class Scalar>
  void check_scalar() const {
    static_assert(std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>,
                  "Dataset: samples are given out as float or double");
    constexpr double kMost = std::numeric_limits<Scalar>::max();
    if (minimum_ < -kMost || maximum_ > kMost) refuse_bounds();
  }

  template <class Scalar, class Value>
  static Scalar value_of(Value value) noexcept {
    if constexpr (std::is_same_v<Value, std::uint8_t>) {
      return static_cast<Scalar>(value) / Scalar{255};
    } else {
      return static_cast<Scalar>(value);
    }
  }

  template <class Value, class Scalar>
  static Scalar* convert(const Value* from, Index count, Scalar* out) {
    if constexpr (std::is_same_v<Value, std::uint8_t>) {
      kernels::bytes_to_values(count, from, out);
      return out + count;
    } else {
      return std::transform(from, from + count, out, [](Value value) { return value_of<Scalar>(value); });
    }
  }

  template <class Derived>
  static std::vector<typename Derived::Scalar> flatten(const Eigen::MatrixBase<Derived>& columns,
                                                       ImageExtents extents) {
    using Scalar = typename Derived::Scalar;
    static_assert(std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>,
                  "Dataset: a matrix of samples is of float or double (bytes: Dataset::from_bytes)");
    if (columns.size() == 0) throw std::invalid_argument("Dataset: there is no sample");
    check_extents(extents);
    if (extents.size() != columns.rows()) {
      throw std::invalid_argument(message(text_of(extents), "do not hold samples of ", columns.rows(), " features"));
    }
    std::vector<Scalar> values(static_cast<std::size_t>(columns.size()));
    View<Scalar>(values.data(), columns.rows(), columns.cols()) = columns;
    return values;
  }

  ImageExtents extents_;
  Index size_ = 0;
  Bytes bytes_;  // one of the three has values
  std::vector<float> floats_;
  std::vector<double> doubles_;
  Bytes labels_;
  double minimum_ = 0;
  double maximum_ = 0;
};

}  // namespace bvae
