#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "bvae/core/concepts.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/repeated_rows.hpp"
#include "bvae/layers/spectral_matrix.hpp"

namespace bvae {

namespace detail {

/// What SpectralNorm needs of the layer inside.
template <class Inside>
struct HasPanels {
  static constexpr bool value = [] {
    if constexpr (kHasParameters<Inside> && !kHasState<Inside>) {
      constexpr auto& kAll = Inside::kParameters;
      return kAll[0].panel != 0 && kAll[0].begin == 0 && kAll.size() <= 2;
    } else {
      return false;
    }
  }();
};
template <class Layer>
struct WeightInPanels {
  static_assert(Layer::value,
                "SpectralNorm: the layer inside needs a weight in panels (Linear, Conv2d, ConvTranspose2d)");
};

}  // namespace detail

/// Spectral normalisation (Miyato, Kataoka, Koyama, Yoshida 2018, algorithm 1) of the weight of `Inner`, as PyTorch's
/// torch.nn.utils.parametrizations.spectral_norm:
///
///     y = (W / sigma) x + b,     sigma = u^T W v, about the largest singular value of W
///
/// W is the weight as a matrix whose rows are the outputs. Each training step makes one power iteration,
/// u = W v / |W v|, v = W^T u / |W^T u|; evaluation makes none. 15 are made when the model is. With G the gradient with
/// respect to W / sigma, and u and v taken as constants,
///
///     dW = (G - <G, W / sigma> u v^T) / sigma
///
/// A weight whose values are all 0 has no such u and v; PyTorch's become 0, and its outputs NaN for ever. Here u and v
/// stay as they are and sigma counts as 1, until the first step that finds another weight: y = b, dW = G. In evaluation
/// a sigma of 0 counts as 1.
///
/// <G, W / sigma> is the sum over the batch of dy (y - b), so it is known before G is. Products with u and v are summed
/// in double, each value in one order; threads share rows and columns.
///
/// Tensors: those of `Inner` with `parametrizations.weight.original` for `weight`; state `parametrizations.weight.0._u`
/// and `._v`. Takes no activation along, see Network.
///
/// \tparam Inner a layer whose first tensor is a weight in panels, followed by at most a bias. If the panels' rows are
/// not the outputs, `kOutputAxis` = 1 says so; if the rows of its gradient's work are not those of the panels,
/// `gradient_block(first, count)` says what of the weight they are (a bias of its own then has rows of its own)
template <class Inner>
struct SpectralNorm {
  template <Shape In>
  struct Bind : private detail::WeightInPanels<detail::HasPanels<typename Inner::template Bind<In>>> {
    using Inside = typename Inner::template Bind<In>;
    static constexpr bool kOutputsAreRows = requires { requires Inside::kOutputsAreRows; };
    using Output = typename Inside::Output;
    static constexpr auto kParameters = [] {
      auto tensors = Inside::kParameters;
      tensors[0].name = "parametrizations.weight.original";
      return tensors;
    }();
    static constexpr auto kState = detail::SpectralMatrix<Inside>::kState;
    static constexpr Index kGradientRows = Inside::kGradientRows;
    static constexpr Index kGradientScratch = detail::kGradientScratch<Inside>;
    static constexpr Index kGradientTaskRows = detail::kTaskRows<Inside>;

   private:
    using W = detail::SpectralMatrix<Inside>;
    static constexpr Index kValues = detail::kParameterOffsets<Inside>.back();
    static constexpr bool kHasBias = kParameters.size() > 1;
    static constexpr Index kBias = kHasBias ? kParameters.back().size() : Output::kSize;
    using Bias = detail::RepeatedRows<kBias, Output::kSize / kBias>;
    static constexpr int kFirstSteps = 15;
    static constexpr double kSmallest = 1e-12;  // norms below count as this

    /// What all members read.
    template <class Scalar>
    struct Shared {
      explicit Shared(Scalar* scratch) : first(scratch - kSharedScratch) {}
      [[nodiscard]] double* along_sums() const { return detail::as_doubles(first); }
      [[nodiscard]] double* across_sums() const { return along_sums() + W::kAlong; }
      [[nodiscard]] Scalar* along() const { return first + 2 * (W::kAlong + W::kAcross); }
      [[nodiscard]] Scalar* across() const { return along() + W::kAlong; }
      [[nodiscard]] Scalar* sigma() const { return across() + W::kAcross; }
      [[nodiscard]] Scalar* bias() const { return sigma() + 16; }
      [[nodiscard]] Scalar* normalized() const { return bias() + Bias::kStored; }  // as the parameters of `Inside`
      Scalar* first;
    };

   public:
    static constexpr Index kSharedScratch = 3 * (W::kAlong + W::kAcross) + 16 + Bias::kStored + kValues;
    static constexpr Index kScratch = 16 + 4 * Bias::kStored;  // a shard's <G, W / sigma> and what it is summed from

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      Inside::initialize(p, random);
    }

    template <class Scalar>
    static void initialize_state(Tensors<const Scalar> p, Tensors<Scalar> state, const RandomStream& random) {
      Arena<Scalar> scratch(static_cast<std::size_t>(kSharedScratch));
      const Shared<Scalar> shared(scratch.data() + kSharedScratch);
      random.normal(0, std::span<Scalar>(state[1], static_cast<std::size_t>(kState[1].size())));
      for (int step = 0; step < kFirstSteps; ++step) iterate(Member{}, p[0], state, shared);
    }

    template <class Scalar>
    static void forward(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar> state, Scalar* scratch,
                        ConstView<Scalar> x, View<Scalar> y) {
      const Shared<Scalar> shared(scratch);
      const Member& member = pass.member();
      const double sigma = pass.mode() == Mode::kTraining ? iterate(member, p[0], state, shared)
                                                          : frozen_sigma(member, p[0], state, shared);
      normalize(member, p[0], static_cast<Scalar>(sigma), shared.normalized());
      if (member.rank() == 0) {
        *shared.sigma() = static_cast<Scalar>(sigma);
        for (Index b = 0; b < kBias; ++b) Bias::set(shared.bias(), b, bias_at(p, b));
      }
      member.barrier();
      for_own_samples(pass, [&](Shard s) {
        Inside::forward(normalized(shared), columns(x, s),
                        View<Scalar>(y.data() + s.first * y.rows(), y.rows(), s.count));
      });
    }

    template <class Scalar>
    static void backward(const Pass& pass, Tensors<const Scalar>, Scalar* scratch, ConstView<Scalar> x,
                         ConstView<Scalar> y, ConstView<Scalar> dy, View<Scalar> dx) {
      const Shared<Scalar> shared(scratch);
      pass.for_own_shards([&](Shard s) {
        double* const product = detail::as_doubles(scratch + s.index * kScratch);
        double* const sums = product + 8;
        double* const products = sums + Bias::kStored;
        kernels::deviation_products<Scalar>(Bias::kRows, s.count * Output::kSize, columns(y, s).data(), shared.bias(),
                                            columns(dy, s).data(), sums, products);
        *product = 0;
        for (Index r = 0; r < Bias::kRows; ++r) *product += products[r];
      });
      if (dx.data() == nullptr) return;
      for_own_samples(pass, [&](Shard s) {
        Inside::backward(normalized(shared), columns(x, s), columns(y, s), columns(dy, s),
                         View<Scalar>(dx.data() + s.first * dx.rows(), dx.rows(), s.count));
      });
    }

    template <class Scalar>
    static double gradient(Tensors<const Scalar>, Scalar* scratch, ConstView<Scalar> x, ConstView<Scalar>,
                           ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      const Shared<Scalar> shared(scratch);
      double product = 0;
      const Index shards = Pass(Mode::kTraining, Member{}, x.cols()).shard_count();
      for (Index k = 0; k < shards; ++k) product += *detail::as_doubles(scratch + k * kScratch);
      const auto correct = [&](const PanelBlock& part) {
        return W::correct(part, g[0], static_cast<Scalar>(product), shared.along(), shared.across(), *shared.sigma());
      };
      double squares = 0;
      if constexpr (requires { Inside::gradient_block(first, count); }) {
        for (Index row = first; row < first + count; row += kGradientTaskRows) {
          const Index rows = std::min(kGradientTaskRows, first + count - row);
          const double own = Inside::gradient(x, dy, g, row, rows);
          const PanelBlock part = Inside::gradient_block(row, rows);
          squares += part.panels > 0 ? correct(part) : own;
        }
      } else {
        Inside::gradient(x, dy, g, first, count);
        const PanelBlock part{first / W::kPanelRows, (count + W::kPanelRows - 1) / W::kPanelRows, 0, W::kColumns};
        squares = correct(part);
        if constexpr (kHasBias) {  // in the same panels
          for (Index p = part.first_panel; p < part.first_panel + part.panels; ++p)
            squares += sum_of_squares(g[1] + p * W::kPanel, W::kPanelRows);
        }
      }
      return squares;
    }

   private:
    struct Range {
      Index first;
      Index last;
    };
    static Range part(const Member& member, Index count) {
      return {count * member.rank() / member.size(), count * (member.rank() + 1) / member.size()};
    }
    static double norm(const double* values, Index count) {
      return std::max(kSmallest, std::sqrt(sum_of_squares(values, count)));
    }

    template <class Scalar>
    static bool is_zero(const Scalar* w) {
      for (Index p = 0; p < W::kPanels; ++p) {
        const Scalar* const own = w + p * W::kPanel;
        if (std::any_of(own, own + W::kPanelRows * W::kColumns, [](Scalar value) { return value != 0; })) return false;
      }
      return true;
    }

    /// One power iteration; leaves u and v in `shared` and in the state, and returns sigma. The second of the two
    /// vectors is its sums over their norm, and u^T W v is that vector times its sums. All members see the same norm,
    /// so where the weight is 0 none waits for another.
    template <class Scalar>
    static double iterate(const Member& member, const Scalar* w, Tensors<Scalar> state, const Shared<Scalar>& shared) {
      const auto [first, last] = part(member, W::kPanels);
      const auto [begin, end] = part(member, W::kWidth);
      Scalar* const along = state[W::kAlongState];
      Scalar* const across = state[W::kAcrossState];
      double sigma = 0;
      if constexpr (W::kTransposed) {
        W::copy_along(along, W::kRows, shared.along(), W::kStoredRows, first, last);
        member.barrier();
        W::times_along(w, begin, end, shared.along(), shared.across_sums());
        member.barrier();
        const double first_length = norm(shared.across_sums(), W::kWidth);
        if (first_length == kSmallest && is_zero(w)) {
          take(member, state, shared);
          return 1;
        }
        W::divide(shared.across_sums(), first_length, begin, end, shared.across());
        member.barrier();
        W::times_across(w, first, last, shared.across(), shared.along_sums());
        member.barrier();
        const double length = norm(shared.along_sums(), W::kAlong);
        sigma = sum_of_squares(shared.along_sums(), W::kAlong) / length;
        W::divide_along(shared.along_sums(), length, first, last, shared.along());
      } else {
        W::times_across(w, first, last, across, shared.along_sums());
        member.barrier();
        const double first_length = norm(shared.along_sums(), W::kAlong);
        if (first_length == kSmallest && is_zero(w)) {
          take(member, state, shared);
          return 1;
        }
        W::divide_along(shared.along_sums(), first_length, first, last, shared.along());
        member.barrier();
        W::times_along(w, begin, end, shared.along(), shared.across_sums());
        member.barrier();
        const double length = norm(shared.across_sums(), W::kWidth);
        sigma = sum_of_squares(shared.across_sums(), W::kWidth) / length;
        W::divide(shared.across_sums(), length, begin, end, shared.across());
      }
      W::copy_along(shared.along(), W::kStoredRows, along, W::kRows, first, last);
      std::copy(shared.across() + begin, shared.across() + end, across + begin);
      return sigma;
    }

    /// This member's part of u and v as they are in the state, for `gradient`.
    template <class Scalar>
    static void take(const Member& member, Tensors<Scalar> state, const Shared<Scalar>& shared) {
      const auto [first, last] = part(member, W::kPanels);
      const auto [begin, end] = part(member, W::kWidth);
      W::copy_along(state[W::kAlongState], W::kRows, shared.along(), W::kStoredRows, first, last);
      std::copy(state[W::kAcrossState] + begin, state[W::kAcrossState] + end, shared.across() + begin);
    }

    template <class Scalar>
    static double frozen_sigma(const Member& member, const Scalar* w, Tensors<Scalar> state,
                               const Shared<Scalar>& shared) {
      take(member, state, shared);
      const auto [first, last] = part(member, W::kPanels);
      W::times_across(w, first, last, state[W::kAcrossState], shared.along_sums());
      member.barrier();
      double sigma = 0;
      for (Index k = 0; k < W::kBlocks; ++k)
        for (Index r = 0; r < W::kRows; ++r)
          sigma += rounded(static_cast<double>(state[W::kAlongState][k * W::kRows + r]) *
                           shared.along_sums()[k * W::kStoredRows + r]);
      return sigma == 0 ? 1 : sigma;
    }

    /// This member's panels of W / sigma, and the biases as they are.
    template <class Scalar>
    static void normalize(const Member& member, const Scalar* w, Scalar sigma, Scalar* to) {
      constexpr Index kOwn = W::kPanelRows * W::kColumns;
      const auto [first, last] = part(member, W::kPanels);
      for (Index p = first * W::kPanel; p < last * W::kPanel; p += W::kPanel) {
        kernels::divide(kOwn, w + p, sigma, to + p);
        std::copy(w + p + kOwn, w + p + W::kPanel, to + p + kOwn);
      }
      if (member.rank() == 0) std::copy(w + W::kPanels * W::kPanel, w + kValues, to + W::kPanels * W::kPanel);
    }
    template <class Scalar>
    static Tensors<const Scalar> normalized(const Shared<Scalar>& shared) {
      return {shared.normalized(), detail::kParameterOffsets<Inside>.data()};
    }
    template <class Scalar>
    static Scalar bias_at(Tensors<const Scalar> p, Index b) {
      if constexpr (kHasBias) {
        return p[1][kParameters.back().position(b)];
      } else {
        return Scalar(0);
      }
    }

    template <class Scalar>
    static ConstView<Scalar> columns(ConstView<Scalar> batch, Shard s) {
      return {batch.data() + s.first * batch.rows(), batch.rows(), s.count};
    }
    template <class Function>
    static void for_own_samples(const Pass& pass, Function&& function) {
      if constexpr (requires { requires Inside::kAnyGrouping; }) {
        if (const Shard own = pass.own_samples(); own.count > 0) function(own);
      } else {
        pass.for_own_shards(function);
      }
    }
  };
};

}  // namespace bvae
