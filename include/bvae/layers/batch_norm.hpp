#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <ratio>
#include <stdexcept>

#include "bvae/core/concepts.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/repeated_rows.hpp"

namespace bvae {

/// Batch normalisation (Ioffe, Szegedy 2015, algorithms 1 and 2), as PyTorch's nn.BatchNorm1d and nn.BatchNorm2d:
///
///     y = (x - mean) / sqrt(variance + epsilon) * weight + bias
///
/// for each feature of Features<N>, for each channel of Image<C, H, W>. In training mean and (biased) variance are
/// those of the whole batch, whatever the number of threads, and the running ones follow them,
///
///     running_mean = (1 - momentum) running_mean + momentum mean
///     running_var  = (1 - momentum) running_var  + momentum variance n / (n - 1)     (n values each)
///
/// in evaluation they are the running ones, which are constants for the gradient: dx = dy weight / sqrt(...), and no
/// sample knows the others. Sums are made in double: two passes over each shard, merged in the order of
/// the shards. A training batch must have more than one value for each channel: the trainer refuses others when a run
/// begins, `forward` with std::invalid_argument.
///
/// Tensors: `weight` (starts at 1), `bias` (0); state `running_mean` (0), `running_var` (1), `num_batches_tracked` (a
/// count; as a float it stays at 2^24).
///
/// \tparam Momentum, Epsilon std::ratio
template <class Momentum = std::ratio<1, 10>, class Epsilon = std::ratio<1, 100000>>
struct BasicBatchNorm {
  static_assert(Momentum::num >= 0 && Momentum::num <= Momentum::den, "BatchNorm: momentum must be in [0, 1]");
  static_assert(Epsilon::num > 0, "BatchNorm: epsilon must be positive");

  template <Shape In>
  struct Bind {
    using Output = In;
    static constexpr Index kChannels = [] {
      if constexpr (kIsImage<In>) {
        return In::kChannels;
      } else {
        return In::kSize;
      }
    }();
    static constexpr Index kPositions = In::kSize / kChannels;
    static constexpr AxisOrder kOrder = kIsImage<In> ? AxisOrder{} : kAxisOrder<In>;
    static constexpr std::array<TensorInfo, 2> kParameters{TensorInfo{"weight", 1, {kChannels}, {kOrder}},
                                                           TensorInfo{"bias", 1, {kChannels}, {kOrder}}};
    static constexpr std::array<TensorInfo, 3> kState{
        TensorInfo{"running_mean", 1, {kChannels}, {kOrder}}, TensorInfo{"running_var", 1, {kChannels}, {kOrder}},
        TensorInfo{.name = "num_batches_tracked", .rank = 0, .whole_numbers = true}};
    static constexpr bool kKeepsOrder = true;
    static constexpr Index kGradientRows = kChannels;
    static constexpr Index kLeastSamples = kPositions == 1 ? 2 : 1;

   private:
    using Rows = detail::RepeatedRows<kChannels, kPositions>;
    static constexpr Index kRows = Rows::kRows;
    static constexpr Index kStored = Rows::kStored;
    static constexpr double kMomentum = static_cast<double>(Momentum::num) / static_cast<double>(Momentum::den);
    static constexpr double kEpsilon = static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);

    /// What all members read; each fills in its own channels, between two barriers.
    template <class Scalar>
    struct Shared {
      explicit Shared(Scalar* scratch) : first(scratch - kSharedScratch) {}
      // Forward: the batch's mean and sum of squared deviations. Backward: gradients of bias and weight.
      [[nodiscard]] double* sums() const { return detail::as_doubles(first); }
      [[nodiscard]] double* products() const { return sums() + kStored; }
      [[nodiscard]] double* rstd() const { return sums() + 2 * kStored; }
      // Coefficients of kernels::normalize and kernels::normalize_backward.
      [[nodiscard]] Scalar* center() const { return first + 6 * kStored; }
      [[nodiscard]] Scalar* scale() const { return first + 7 * kStored; }
      [[nodiscard]] Scalar* offset() const { return first + 8 * kStored; }
      [[nodiscard]] Scalar* slope() const { return first + 9 * kStored; }
      Scalar* first;
    };

   public:
    static constexpr Index kSharedScratch = 10 * kStored;
    static constexpr Index kScratch = 4 * kStored;  // for each shard two sums of each row, as doubles

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream&) {
      std::fill_n(p[0], kChannels, Scalar(1));
      std::fill_n(p[1], kChannels, Scalar(0));
    }
    template <class Scalar>
    static void initialize_state(Tensors<Scalar> state, const RandomStream&) {
      std::fill_n(state[1], kChannels, Scalar(1));
    }

    template <class Scalar>
    static void forward(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar> state, Scalar* scratch,
                        ConstView<Scalar> x, View<Scalar> y) {
      const Shared<Scalar> shared(scratch);
      const bool training = pass.mode() == Mode::kTraining;
      if (training) {
        if (pass.samples() < kLeastSamples || pass.samples() * kPositions < 2)
          throw std::invalid_argument("BatchNorm: a training batch needs more than one value for each channel");
        pass.for_own_shards([&](Shard s) {
          double* const sums = shard_sums(scratch, s);
          double* const squares = sums + kStored;
          const Scalar* const values = x.data() + s.first * In::kSize;
          const Index n = s.count * kPositions;
          kernels::row_sums(kRows, n * kChannels, values, sums);
          Rows::fold(sums);
          double* const means = squares;  // as long as they are needed
          for (Index c = 0; c < kChannels; ++c) Rows::set(means, c, sums[c] / static_cast<double>(n));
          kernels::squared_deviations(kRows, n * kChannels, values, means, squares);
          Rows::fold(squares);
        });
        pass.member().barrier();
        merge(pass, scratch);
        if (pass.member().rank() == 0) state[2][0] += Scalar(1);
      }
      for (Index c = own_begin(pass); c < own_end(pass); ++c) {
        double mean = 0;
        double variance = 0;
        if (training) {
          const double n = static_cast<double>(pass.samples() * kPositions);
          mean = shared.sums()[c];
          variance = shared.products()[c] / n;
          follow(state[0][c], mean);
          follow(state[1][c], shared.products()[c] / (n - 1));
        } else {
          mean = static_cast<double>(state[0][c]);
          variance = static_cast<double>(state[1][c]);
        }
        const double rstd = 1 / std::sqrt(variance + kEpsilon);
        shared.rstd()[c] = rstd;
        Rows::set(shared.center(), c, static_cast<Scalar>(mean));
        Rows::set(shared.scale(), c, static_cast<Scalar>(static_cast<double>(p[0][c]) * rstd));
        Rows::set(shared.offset(), c, p[1][c]);
      }
      pass.member().barrier();
      if (const Shard own = pass.own_samples(); own.count > 0)
        kernels::normalize(kRows, own.count * In::kSize, x.data() + own.first * In::kSize, const_of(shared.center()),
                           const_of(shared.scale()), const_of(shared.offset()), y.data() + own.first * In::kSize);
    }

    /// dx = weight rstd (dy - mean of dy - x' mean of dy x'), with x' = (x - mean) rstd; after an evaluation forward
    /// the statistics do not depend on x, and dx = weight rstd dy.
    template <class Scalar>
    static void backward(const Pass& pass, Tensors<const Scalar>, Scalar* scratch, ConstView<Scalar> x,
                         ConstView<Scalar>, ConstView<Scalar> dy, View<Scalar> dx) {
      const Shared<Scalar> shared(scratch);
      pass.for_own_shards([&](Shard s) {
        double* const sums = shard_sums(scratch, s);
        const Index first = s.first * In::kSize;
        kernels::deviation_products(kRows, s.count * In::kSize, x.data() + first, const_of(shared.center()),
                                    dy.data() + first, sums, sums + kStored);
        Rows::fold(sums);
        Rows::fold(sums + kStored);
      });
      pass.member().barrier();
      const bool training = pass.mode() == Mode::kTraining;
      const double n = static_cast<double>(pass.samples() * kPositions);
      for (Index c = own_begin(pass); c < own_end(pass); ++c) {
        double sum = 0;
        double product = 0;
        for (Index k = 0; k < pass.shard_count(); ++k) {
          sum += shard_sums(scratch, pass.shard(k))[c];
          product += shard_sums(scratch, pass.shard(k))[kStored + c];
        }
        const double rstd = shared.rstd()[c];
        const double scale = static_cast<double>(shared.scale()[c]);
        shared.sums()[c] = sum;
        shared.products()[c] = product * rstd;
        Rows::set(shared.offset(), c, training ? static_cast<Scalar>(-(scale * (sum / n))) : Scalar(0));
        Rows::set(shared.slope(), c,
                  training ? static_cast<Scalar>(-(scale * (product / n) * rstd * rstd)) : Scalar(0));
      }
      pass.member().barrier();
      if (const Shard own = pass.own_samples(); own.count > 0 && dx.data() != nullptr) {
        const Index first = own.first * In::kSize;
        kernels::normalize_backward(kRows, own.count * In::kSize, x.data() + first, const_of(shared.center()),
                                    dy.data() + first, const_of(shared.scale()), const_of(shared.offset()),
                                    const_of(shared.slope()), dx.data() + first);
      }
    }

    /// What `backward` has summed up.
    template <class Scalar>
    static double gradient(Tensors<const Scalar>, Scalar* scratch, ConstView<Scalar>, ConstView<Scalar>,
                           ConstView<Scalar>, Tensors<Scalar> g, Index first, Index count) {
      const Shared<Scalar> shared(scratch);
      return detail::add_parts(count, 1, 0, shared.products() + first, g[0] + first) +
             detail::add_parts(count, 1, 0, shared.sums() + first, g[1] + first);
    }

   private:
    static Index own_begin(const Pass& pass) { return kChannels * pass.member().rank() / pass.member().size(); }
    static Index own_end(const Pass& pass) { return kChannels * (pass.member().rank() + 1) / pass.member().size(); }

    template <class Scalar>
    static double* shard_sums(Scalar* scratch, Shard s) {
      return detail::as_doubles(scratch + s.index * kScratch);
    }
    template <class Scalar>
    static const Scalar* const_of(Scalar* values) {
      return values;
    }

    template <class Scalar>
    static void merge(const Pass& pass, Scalar* scratch) {
      const Shared<Scalar> shared(scratch);
      const Index first = own_begin(pass);
      const double* const sums = detail::as_doubles(scratch);
      constexpr Index kStride = kScratch * static_cast<Index>(sizeof(Scalar)) / static_cast<Index>(sizeof(double));
      const Shard last = pass.shard(pass.shard_count() - 1);
      kernels::merge_moments(own_end(pass) - first, pass.shard_count(), kStride,
                             static_cast<double>(kShardSamples * kPositions),
                             static_cast<double>(last.count * kPositions), sums + first, sums + kStored + first,
                             shared.sums() + first, shared.products() + first);
    }

    template <class Scalar>
    static void follow(Scalar& running, double value) {
      running =
          static_cast<Scalar>(rounded((1 - kMomentum) * static_cast<double>(running)) + rounded(kMomentum * value));
    }
  };
};

/// With PyTorch's defaults: momentum 0.1, epsilon 1e-5.
using BatchNorm = BasicBatchNorm<>;

}  // namespace bvae
