#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "bvae/core/concepts.hpp"

namespace {

/// A user's layer that needs the whole batch: y = scale * (x - the batch's mean of each feature); in evaluation the
/// running mean takes the batch mean's place. What BatchNorm needs, in its smallest form.
struct Center {
  template <bvae::Shape In>
  struct Bind {
    using Output = In;
    static constexpr bvae::Index kSize = In::kSize;
    static constexpr std::array<bvae::TensorInfo, 1> kParameters{bvae::TensorInfo{"scale", 1, {kSize}}};
    static constexpr std::array<bvae::TensorInfo, 1> kState{bvae::TensorInfo{"running_mean", 1, {kSize}}};
    static constexpr bvae::Index kGradientRows = kSize;
    // For each shard: its sums of x, its copy of the mean of x, its sums of dy. Backward has a place of its own,
    // because a slower member may still read forward's sums.
    static constexpr bvae::Index kScratch = 3 * kSize;

    template <class Scalar>
    static void initialize(bvae::Tensors<Scalar> p, const bvae::RandomStream& random) {
      random.uniform(0, std::span<Scalar>(p[0], static_cast<std::size_t>(kSize)));
      for (bvae::Index f = 0; f < kSize; ++f) p[0][f] += Scalar(0.5);
    }
    template <class Scalar>
    static void initialize_state(bvae::Tensors<Scalar> state, const bvae::RandomStream&) {
      std::fill_n(state[0], kSize, Scalar(0.25));
    }

    template <class Scalar>
    static void forward(const bvae::Pass& pass, bvae::Tensors<const Scalar> p, bvae::Tensors<Scalar> state,
                        Scalar* scratch, bvae::ConstView<Scalar> x, bvae::View<Scalar> y) {
      const bvae::ConstView<Scalar> scale(p[0], kSize, 1);
      bvae::View<Scalar> running(state[0], kSize, 1);
      if (pass.mode() == bvae::Mode::kEvaluation) {
        pass.for_own_shards([&](bvae::Shard s) { center(x, running, scale, s, y); });
        return;
      }
      pass.for_own_shards([&](bvae::Shard s) { sum(x, s, at(scratch, s, 0)); });
      pass.member().barrier();
      pass.for_own_shards([&](bvae::Shard s) {
        bvae::View<Scalar> mean = at(scratch, s, 1);
        mean_of(scratch, pass, 0, mean);
        center(x, mean, scale, s, y);
        if (s.first == 0) running += Scalar(0.1) * (mean - running);
      });
    }

    template <class Scalar>
    static void backward(const bvae::Pass& pass, bvae::Tensors<const Scalar> p, Scalar* scratch,
                         bvae::ConstView<Scalar>, bvae::ConstView<Scalar>, bvae::ConstView<Scalar> dy,
                         bvae::View<Scalar> dx) {
      if (dx.data() == nullptr) return;  // the first layer: nobody wants the gradient of the data
      const bvae::ConstView<Scalar> scale(p[0], kSize, 1);
      pass.for_own_shards([&](bvae::Shard s) { sum(dy, s, at(scratch, s, 2)); });
      pass.member().barrier();
      pass.for_own_shards([&](bvae::Shard s) {
        for (bvae::Index i = s.first; i < s.first + s.count; ++i)
          for (bvae::Index f = 0; f < kSize; ++f) {
            Scalar mean = 0;
            for (bvae::Index k = 0; k < pass.shard_count(); ++k) mean += at(scratch, pass.shard(k), 2)(f, 0);
            dx(f, i) = scale(f, 0) * (dy(f, i) - mean / static_cast<Scalar>(pass.samples()));
          }
      });
    }

    // d scale = sum of dy (x - mean), with the mean that forward left in the first shard's scratch.
    template <class Scalar>
    static double gradient(bvae::Tensors<const Scalar>, Scalar* scratch, bvae::ConstView<Scalar> x,
                           bvae::ConstView<Scalar>, bvae::ConstView<Scalar> dy, bvae::Tensors<Scalar> g,
                           bvae::Index first, bvae::Index count) {
      const bvae::View<Scalar> mean = at(scratch, bvae::Shard{}, 1);
      double squares = 0;
      for (bvae::Index f = first; f < first + count; ++f) {
        Scalar sum = 0;
        for (bvae::Index s = 0; s < x.cols(); ++s) sum += dy(f, s) * (x(f, s) - mean(f, 0));
        g[0][f] = sum;
        squares += static_cast<double>(sum) * static_cast<double>(sum);
      }
      return squares;
    }

   private:
    template <class Scalar>
    static bvae::View<Scalar> at(Scalar* scratch, bvae::Shard s, bvae::Index part) {
      return {scratch + s.index * kScratch + part * kSize, kSize, 1};
    }
    template <class Scalar>
    static void sum(bvae::ConstView<Scalar> values, bvae::Shard s, bvae::View<Scalar> out) {
      out.setZero();
      for (bvae::Index i = s.first; i < s.first + s.count; ++i) out += values.col(i);
    }
    template <class Scalar>
    static void mean_of(Scalar* scratch, const bvae::Pass& pass, bvae::Index part, bvae::View<Scalar> out) {
      out.setZero();
      for (bvae::Index k = 0; k < pass.shard_count(); ++k) out += at(scratch, pass.shard(k), part);
      out /= static_cast<Scalar>(pass.samples());
    }
    template <class Scalar, class Mean>
    static void center(bvae::ConstView<Scalar> x, const Mean& mean, bvae::ConstView<Scalar> scale, bvae::Shard s,
                       bvae::View<Scalar> y) {
      for (bvae::Index i = s.first; i < s.first + s.count; ++i)
        y.col(i) = (scale.col(0).array() * (x.col(i) - mean.col(0)).array()).matrix();
    }
  };
};

}  // namespace
