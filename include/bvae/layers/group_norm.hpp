#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <ratio>
#include <type_traits>

#include "bvae/core/concepts.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/normalized_runs.hpp"
#include "bvae/layers/repeated_rows.hpp"

namespace bvae {

namespace detail {

template <Index Groups, Index Channels>
struct GroupsDivideChannels {
  static_assert(Channels % Groups == 0, "GroupNorm: the groups must divide the channels");
};
template <AxisOrder Order>
struct FeaturesAreNoPixels {
  static_assert(Order.channels <= 1, "GroupNorm: the features are pixels of several channels; put it before Flatten");
};

/// Groups of channels of an image: their values lie apart.
template <class In, Index Groups, class Epsilon>
struct NormalizedGroups {
  static constexpr Index kChannels = In::kChannels;
  static constexpr Index kGradientRows = kChannels;

 private:
  using Rows = RepeatedRows<kChannels, In::kSize / kChannels>;
  static constexpr Index kStored = Rows::kStored;
  static constexpr Index kGroup = kChannels / Groups;
  static constexpr double kCount = static_cast<double>(In::kSize / Groups);
  static constexpr double kEpsilon = static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
  static constexpr Index kMostSamples = 2 * kShardSamples;  // the last shard takes the remainder too

  /// One shard's scratch.
  template <class Scalar>
  struct Own {
    Own(Scalar* scratch, Shard s) : first(scratch + s.index * kScratch) {}
    [[nodiscard]] double* d_weight() const { return as_doubles(first); }
    [[nodiscard]] double* d_bias() const { return d_weight() + kStored; }
    [[nodiscard]] double* sums() const { return d_weight() + 2 * kStored; }
    [[nodiscard]] double* products() const { return d_weight() + 3 * kStored; }
    [[nodiscard]] double* means() const { return d_weight() + 4 * kStored; }
    [[nodiscard]] Scalar* center() const { return first + 10 * kStored; }
    [[nodiscard]] Scalar* scale() const { return first + 11 * kStored; }
    [[nodiscard]] Scalar* offset() const { return first + 12 * kStored; }
    [[nodiscard]] Scalar* slope() const { return first + 13 * kStored; }
    /// Of group k of the shard's sample i: [i * Groups + k].
    [[nodiscard]] Scalar* mean() const { return first + 14 * kStored; }
    [[nodiscard]] Scalar* rstd() const { return mean() + kMostSamples * Groups; }
    Scalar* first;
  };

 public:
  static constexpr Index kScratch = 14 * kStored + 2 * kMostSamples * Groups;

  template <class Scalar>
  static void initialize(Tensors<Scalar> p, const RandomStream&) {
    std::fill_n(p[0], kChannels, Scalar(1));
    std::fill_n(p[1], kChannels, Scalar(0));
  }

  template <class Scalar>
  static void forward(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar>, Scalar* scratch, ConstView<Scalar> x,
                      View<Scalar> y) {
    pass.for_own_shards([&](Shard s) {
      const Own<Scalar> own(scratch, s);
      for (Index i = 0; i < s.count; ++i) {
        const Scalar* const values = x.data() + (s.first + i) * In::kSize;
        kernels::row_sums(Rows::kRows, In::kSize, values, own.sums());
        Rows::fold(own.sums());
        for (Index k = 0; k < Groups; ++k) {
          double sum = 0;
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) sum += own.sums()[c];
          own.mean()[i * Groups + k] = static_cast<Scalar>(sum / kCount);
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) Rows::set(own.means(), c, sum / kCount);
        }
        kernels::squared_deviations(Rows::kRows, In::kSize, values, own.means(), own.sums());
        Rows::fold(own.sums());
        for (Index k = 0; k < Groups; ++k) {
          double squares = 0;
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) squares += own.sums()[c];
          const double rstd = 1 / std::sqrt(squares / kCount + kEpsilon);
          own.rstd()[i * Groups + k] = static_cast<Scalar>(rstd);
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) {
            Rows::set(own.center(), c, own.mean()[i * Groups + k]);
            Rows::set(own.scale(), c, static_cast<Scalar>(static_cast<double>(p[0][c]) * rstd));
            Rows::set(own.offset(), c, p[1][c]);
          }
        }
        kernels::normalize<Scalar>(Rows::kRows, In::kSize, values, own.center(), own.scale(), own.offset(),
                                   y.data() + (s.first + i) * In::kSize);
      }
    });
  }

  /// With g = dy weight and x' = (x - mean) rstd: dx = rstd (g - mean of g - x' mean of g x').
  template <class Scalar>
  static void backward(const Pass& pass, Tensors<const Scalar> p, Scalar* scratch, ConstView<Scalar> x,
                       ConstView<Scalar>, ConstView<Scalar> dy, View<Scalar> dx) {
    pass.for_own_shards([&](Shard s) {
      const Own<Scalar> own(scratch, s);
      std::fill_n(own.d_weight(), 2 * kStored, 0.0);
      for (Index i = 0; i < s.count; ++i) {
        const Index first = (s.first + i) * In::kSize;
        for (Index c = 0; c < kChannels; ++c) Rows::set(own.center(), c, own.mean()[i * Groups + c / kGroup]);
        kernels::deviation_products<Scalar>(Rows::kRows, In::kSize, x.data() + first, own.center(), dy.data() + first,
                                            own.sums(), own.products());
        Rows::fold(own.sums());
        Rows::fold(own.products());
        for (Index k = 0; k < Groups; ++k) {
          const double rstd = static_cast<double>(own.rstd()[i * Groups + k]);
          double sum = 0;
          double product = 0;
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) {
            const double weight = static_cast<double>(p[0][c]);
            sum += rounded(weight * own.sums()[c]);
            product += rounded(weight * own.products()[c]);
            own.d_weight()[c] += rounded(own.products()[c] * rstd);
            own.d_bias()[c] += own.sums()[c];
          }
          for (Index c = k * kGroup; c < (k + 1) * kGroup; ++c) {
            Rows::set(own.scale(), c, static_cast<Scalar>(static_cast<double>(p[0][c]) * rstd));
            Rows::set(own.offset(), c, static_cast<Scalar>(-(sum / kCount * rstd)));
            Rows::set(own.slope(), c, static_cast<Scalar>(-(product / kCount * rstd * rstd * rstd)));
          }
        }
        if (dx.data() != nullptr)
          kernels::normalize_backward<Scalar>(Rows::kRows, In::kSize, x.data() + first, own.center(), dy.data() + first,
                                              own.scale(), own.offset(), own.slope(), dx.data() + first);
      }
    });
  }

  /// The shards' sums, added up in their order.
  template <class Scalar>
  static double gradient(Tensors<const Scalar>, Scalar* scratch, ConstView<Scalar> x, ConstView<Scalar>,
                         ConstView<Scalar>, Tensors<Scalar> g, Index first, Index count) {
    const Own<Scalar> own(scratch, Shard{});
    const Index shards = Pass(Mode::kTraining, Member{}, x.cols()).shard_count();
    constexpr Index kStride = kScratch * static_cast<Index>(sizeof(Scalar)) / static_cast<Index>(sizeof(double));
    return add_parts(count, shards, kStride, own.d_weight() + first, g[0] + first) +
           add_parts(count, shards, kStride, own.d_bias() + first, g[1] + first);
  }
};

}  // namespace detail

/// Group normalisation (Wu, He 2018, equations 1 to 7), as PyTorch's nn.GroupNorm:
///
///     y = (x - mean) / sqrt(variance + epsilon) * weight + bias
///
/// with the mean and the (biased) variance of each of `Groups` groups of neighbouring channels of the sample, over all
/// their pixels, in training and in evaluation; weight and bias belong to the channels. The channels of Features<N> are
/// its N features. Sums are made in double, in two passes.
///
/// Tensors: `weight` (starts at 1) and `bias` (0), one value for each channel.
///
/// \tparam Groups divides the number of channels  \tparam Epsilon std::ratio
template <Index Groups, class Epsilon = std::ratio<1, 100000>>
struct GroupNorm {
  static_assert(Groups > 0, "GroupNorm: the number of groups must be positive");
  static_assert(Epsilon::num > 0, "GroupNorm: epsilon must be positive");

  template <Shape In>
  struct Bind : detail::NormalizedRuns<In::kSize, Groups, Epsilon>,
                private detail::GroupsDivideChannels<Groups, In::kSize>,
                private detail::FeaturesAreNoPixels<kAxisOrder<In>> {
    using Output = In;
    static constexpr std::array<TensorInfo, 2> kParameters{TensorInfo{"weight", 1, {In::kSize}, {kAxisOrder<In>}},
                                                           TensorInfo{"bias", 1, {In::kSize}, {kAxisOrder<In>}}};
  };
  template <Shape In>
    requires kIsImage<In>
  struct Bind<In> : detail::NormalizedGroups<In, Groups, Epsilon>,
                    private detail::GroupsDivideChannels<Groups, In::kChannels> {
    using Output = In;
    static constexpr std::array<TensorInfo, 2> kParameters{TensorInfo{"weight", 1, {In::kChannels}},
                                                           TensorInfo{"bias", 1, {In::kChannels}}};
  };
};

}  // namespace bvae
