#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/repeated_rows.hpp"

namespace bvae {

namespace detail {

/// What SpectralNorm needs of the layer inside.
template <class Inside>
struct HasPanels {
  static constexpr bool value = [] {
    if constexpr (kHasParameters<Inside> && !kHasState<Inside>) {
      constexpr auto& kAll = Inside::kParameters;
      return kAll[0].panel != 0 && kAll[0].begin == 0 && (kAll.size() == 1 || kAll[1].begin > 0) && kAll.size() <= 2;
    } else {
      return false;
    }
  }();
};
template <class Layer>
struct WeightInPanels {
  static_assert(Layer::value, "SpectralNorm: the layer inside needs a weight in panels (Linear, a convolution)");
};

}  // namespace detail

/// Spectral normalisation (Miyato, Kataoka, Koyama, Yoshida 2018, algorithm 1) of the weight of `Inner`, as PyTorch's
/// torch.nn.utils.parametrizations.spectral_norm:
///
///     y = (W / sigma) x + b,     sigma = u^T W v, about the largest singular value of W
///
/// Each training step makes one power iteration, u = W v / |W v|, v = W^T u / |W^T u|; evaluation makes none. 15 are
/// made when the model is. With G the gradient with respect to W / sigma, and u and v taken as constants,
///
///     dW = (G - <G, W / sigma> u v^T) / sigma
///
/// <G, W / sigma> is the sum over the batch of dy (y - b), so it is known before G is. Products with u and v are summed
/// in double, each value in one order; threads share rows and columns.
///
/// Tensors: those of `Inner` with `parametrizations.weight.original` for `weight`; state `parametrizations.weight.0._u`
/// and `._v`. W is the matrix that lies in the panels: its rows are what PyTorch calls dim 0, or dim 1 of a transposed
/// convolution. Takes no activation along, see Network.
///
/// \tparam Inner a layer whose first tensor is a weight in panels, followed by at most a bias in the same panels
template <class Inner>
struct SpectralNorm {
  template <Shape In>
  struct Bind : private detail::WeightInPanels<detail::HasPanels<typename Inner::template Bind<In>>> {
    using Inside = typename Inner::template Bind<In>;
    using Output = typename Inside::Output;
    static constexpr auto kParameters = [] {
      auto tensors = Inside::kParameters;
      tensors[0].name = "parametrizations.weight.original";
      return tensors;
    }();
    static constexpr TensorInfo kWeight = kParameters[0];
    static constexpr Index kRows = kWeight.rows();
    static constexpr Index kColumns = kWeight.columns();
    static constexpr std::array<TensorInfo, 2> kState{
        TensorInfo{"parametrizations.weight.0._u", 1, {kRows}, {kWeight.order[0]}},
        TensorInfo{"parametrizations.weight.0._v", 1, {kColumns}, {kWeight.order[1]}}};
    static constexpr Index kGradientRows = Inside::kGradientRows;

   private:
    static constexpr Index kPanelRows = TensorInfo::kPanelRows;
    static constexpr Index kPanels = (kRows + kPanelRows - 1) / kPanelRows;
    static constexpr Index kValues = kWeight.stored_size();
    static constexpr Index kStoredRows = kPanelRows * kPanels;
    static constexpr Index kStoredColumns = detail::padded_to_16(kColumns);
    static constexpr bool kHasBias = kParameters.size() > 1;
    static constexpr Index kBias = kHasBias ? kParameters.back().size() : Output::kSize;
    using Bias = detail::RepeatedRows<kBias, Output::kSize / kBias>;
    static constexpr int kFirstSteps = 15;
    static constexpr double kSmallest = 1e-12;  // norms below count as this

    /// What all members read.
    template <class Scalar>
    struct Shared {
      explicit Shared(Scalar* scratch) : first(scratch - kSharedScratch) {}
      [[nodiscard]] double* rows() const { return detail::as_doubles(first); }  // W v
      [[nodiscard]] double* columns() const { return rows() + kStoredRows; }    // W^T u
      [[nodiscard]] Scalar* u() const { return first + 2 * kStoredRows + 2 * kStoredColumns; }
      [[nodiscard]] Scalar* v() const { return u() + kStoredRows; }
      [[nodiscard]] Scalar* sigma() const { return v() + kStoredColumns; }
      [[nodiscard]] Scalar* bias() const { return sigma() + 16; }
      [[nodiscard]] Scalar* normalized() const { return bias() + Bias::kStored; }  // as the parameters of `Inside`
      Scalar* first;
    };

   public:
    static constexpr Index kSharedScratch = 3 * (kStoredRows + kStoredColumns) + 16 + Bias::kStored + kValues;
    static constexpr Index kScratch =
        16 + 4 * Bias::kStored;  // for each shard <G, W / sigma> and what it is summed from

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      Inside::initialize(p, random);
    }

    template <class Scalar>
    static void initialize_state(Tensors<const Scalar> p, Tensors<Scalar> state, const RandomStream& random) {
      std::vector<Scalar> u(static_cast<std::size_t>(kStoredRows));
      std::vector<double> rows(u.size());
      std::vector<double> columns(static_cast<std::size_t>(kColumns));
      random.normal(0, std::span<Scalar>(state[1], static_cast<std::size_t>(kColumns)));
      for (int step = 0; step < kFirstSteps; ++step) {
        kernels::panels_times_vector<Scalar>(kPanels, kColumns, p[0], kWeight.panel, state[1], rows.data());
        divide(rows.data(), 0, kStoredRows, norm(rows.data(), kStoredRows), u.data());
        kernels::vector_times_panels<Scalar>(kPanels, kColumns, p[0], kWeight.panel, u.data(), columns.data());
        divide(columns.data(), 0, kColumns, norm(columns.data(), kColumns), state[1]);
      }
      std::copy_n(u.begin(), kRows, state[0]);
    }

    template <class Scalar>
    static void forward(const Pass& pass, Tensors<const Scalar> p, Tensors<Scalar> state, Scalar* scratch,
                        ConstView<Scalar> x, View<Scalar> y) {
      const Shared<Scalar> shared(scratch);
      const Member& member = pass.member();
      const auto [first, last] = part(member, kPanels);
      const Scalar* const w = p[0] + first * kWeight.panel;
      kernels::panels_times_vector<Scalar>(last - first, kColumns, w, kWeight.panel, state[1],
                                           shared.rows() + kPanelRows * first);
      member.barrier();
      double sigma = 0;
      if (pass.mode() == Mode::kTraining) {
        divide(shared.rows(), kPanelRows * first, kPanelRows * last, norm(shared.rows(), kStoredRows), shared.u());
        member.barrier();
        const auto [begin, end] = part(member, kColumns);
        kernels::vector_times_panels<Scalar>(kPanels, end - begin, p[0] + kPanelRows * begin, kWeight.panel, shared.u(),
                                             shared.columns() + begin);
        member.barrier();
        const double length = norm(shared.columns(), kColumns);
        sigma = sum_of_squares(shared.columns(), kColumns) / length;  // u^T W v, as v = W^T u / length
        divide(shared.columns(), begin, end, length, shared.v());
        std::copy(shared.v() + begin, shared.v() + end, state[1] + begin);
        const Index rows = std::min(kRows, kPanelRows * last);
        std::copy(shared.u() + kPanelRows * first, shared.u() + std::max(rows, kPanelRows * first),
                  state[0] + kPanelRows * first);
      } else {
        for (Index r = 0; r < kRows; ++r) sigma += rounded(static_cast<double>(state[0][r]) * shared.rows()[r]);
      }
      normalize(first, last, w, static_cast<Scalar>(sigma), shared.normalized());
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
      Inside::gradient(x, dy, g, first, count);
      double product = 0;
      const Index shards = Pass(Mode::kTraining, Member{}, x.cols()).shard_count();
      for (Index k = 0; k < shards; ++k) product += *detail::as_doubles(scratch + k * kScratch);
      const Index panels = (count + kPanelRows - 1) / kPanelRows;
      Scalar* const own = g[0] + first / kPanelRows * kWeight.panel;
      kernels::subtract_outer_product<Scalar>(panels, kColumns, own, kWeight.panel, static_cast<Scalar>(product),
                                              shared.u() + first, shared.v(), *shared.sigma());
      return sum_of_squares(own, panels * kWeight.panel);
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
    static void divide(const double* from, Index first, Index last, double divisor, Scalar* to) {
      for (Index i = first; i < last; ++i) to[i] = static_cast<Scalar>(from[i] / divisor);
    }

    /// Panels [first, last) of W / sigma, and the biases as they are.
    template <class Scalar>
    static void normalize(Index first, Index last, const Scalar* w, Scalar sigma, Scalar* to) {
      constexpr Index kOwn = kPanelRows * kColumns;
      for (Index p = first; p < last; ++p, w += kWeight.panel) {
        Scalar* const panel = to + p * kWeight.panel;
        kernels::divide(kOwn, w, sigma, panel);
        std::copy(w + kOwn, w + kWeight.panel, panel + kOwn);
      }
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
