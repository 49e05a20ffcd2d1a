/// What LayerNorm and GroupNorm on features share: groups of features that lie side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/repeated_rows.hpp"

namespace bvae::detail {

/// Normalises each of `Groups` runs of a sample's `Size` values; every value has a weight and a bias of its own. A
/// BatchLayer because it keeps what backward needs in scratch; no member waits for another.
template <Index Size, Index Groups, class Epsilon>
struct NormalizedRuns {
  static constexpr Index kRun = Size / Groups;
  static constexpr Index kGradientRows = Size;

 private:
  static constexpr double kEpsilon = static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
  static constexpr Index kStored = padded_to_16(Size);
  static constexpr Index kMostSamples = 2 * kShardSamples;  // the last shard takes the remainder too

  /// One shard's scratch.
  template <class Scalar>
  struct Own {
    Own(Scalar* scratch, Shard s) : first(scratch + s.index * kScratch) {}
    [[nodiscard]] double* d_weight() const { return as_doubles(first); }
    [[nodiscard]] double* d_bias() const { return d_weight() + kStored; }
    [[nodiscard]] Scalar* mean() const { return first + 4 * kStored; }
    [[nodiscard]] Scalar* rstd() const { return mean() + kMostSamples * Groups; }
    Scalar* first;
  };

 public:
  static constexpr Index kScratch = 4 * kStored + 2 * kMostSamples * Groups;

  template <class Scalar>
  static void initialize(Tensors<Scalar> p, const RandomStream&) {
    std::fill_n(p[0], Size, Scalar(1));
    std::fill_n(p[1], Size, Scalar(0));
  }

  template <class Scalar>
  static void forward(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar>, Scalar* scratch, ConstView<Scalar> x,
                      View<Scalar> y) {
    pass.for_own_shards([&](Shard s) {
      const Own<Scalar> own(scratch, s);
      for_runs(s, [&](Index run, Index feature, Index at) {
        measure(x.data() + at, own.mean()[run], own.rstd()[run]);
        kernels::normalize_run(kRun, x.data() + at, own.mean()[run], own.rstd()[run], p[0] + feature, p[1] + feature,
                               y.data() + at);
      });
    });
  }

  /// With g = dy weight and x' = (x - mean) rstd: dx = rstd (g - mean of g - x' mean of g x').
  template <class Scalar>
  static void backward(const Pass& pass, Tensors<const Scalar> p, Scalar* scratch, ConstView<Scalar> x,
                       ConstView<Scalar>, ConstView<Scalar> dy, View<Scalar> dx) {
    pass.for_own_shards([&](Shard s) {
      const Own<Scalar> own(scratch, s);
      std::fill_n(own.d_weight(), 2 * kStored, 0.0);
      for_runs(s, [&](Index run, Index feature, Index at) {
        const Scalar mean = own.mean()[run];
        const Scalar rstd = own.rstd()[run];
        double sum = 0;
        double product = 0;
        kernels::normalize_run_sums(kRun, x.data() + at, mean, rstd, p[0] + feature, dy.data() + at, &sum, &product,
                                    own.d_weight() + feature, own.d_bias() + feature);
        if (dx.data() == nullptr) return;
        constexpr double kCount = static_cast<double>(kRun);
        const double wide = static_cast<double>(rstd);
        kernels::normalize_run_backward(kRun, x.data() + at, mean, rstd, p[0] + feature, dy.data() + at,
                                        static_cast<Scalar>(sum / kCount),
                                        static_cast<Scalar>(product / kCount * wide * wide), dx.data() + at);
      });
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

 private:
  /// Calls function(run of the shard, its first feature, its first value in the batch).
  template <class Function>
  static void for_runs(Shard s, Function&& function) {
    for (Index i = 0; i < s.count; ++i)
      for (Index k = 0; k < Groups; ++k) function(i * Groups + k, k * kRun, (s.first + i) * Size + k * kRun);
  }

  /// Two passes, in double.
  template <class Scalar>
  static void measure(const Scalar* x, Scalar& mean, Scalar& rstd) {
    constexpr double kCount = static_cast<double>(kRun);
    std::array<double, 16> lanes;
    std::array<double, 16> center;
    kernels::row_sums(16, kRun, x, lanes.data());
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    center.fill(sum / kCount);
    kernels::squared_deviations(16, kRun, x, center.data(), lanes.data());
    double squares = 0;
    for (const double lane : lanes) squares += lane;
    mean = static_cast<Scalar>(center[0]);
    rstd = static_cast<Scalar>(1 / std::sqrt(squares / kCount + kEpsilon));
  }
};

}  // namespace bvae::detail
