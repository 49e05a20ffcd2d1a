#pragma once

#include <algorithm>
#include <array>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/products.hpp"

namespace bvae {

/// The end of a decoder for LearnedGaussian: passes its N inputs through and appends one learned number, the same for
/// every sample. Parameter `log_sigma` [1], which starts at 0 (sigma = 1); its gradient is the sum over the batch of
/// the gradient at the appended row.
struct SharedLogSigma {
  template <Shape In>
  struct Bind {
    static_assert(kSharedOutputs<In> == 0, "SharedLogSigma: the decoder has one already");
    struct Output : Features<In::kSize + 1> {
      static constexpr Index kSharedOutputs = 1;
      using Pixels = In;  ///< what comes before
    };
    static constexpr std::array<TensorInfo, 1> kParameters{TensorInfo{"log_sigma", 1, {1}}};
    static constexpr Index kGradientRows = 1;
    static constexpr bool kAnyGrouping = true;
    static constexpr bool kKeepsOrder = true;
    static constexpr bool kGradientIsProduct = true;  // of dy's last row and the ones that stand for a bias
    static constexpr Index kInputs = In::kSize;

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream&) {
      p[0][0] = Scalar(0);
    }

    template <class Scalar>
    static void forward(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y) {
      for (Index s = 0; s < x.cols(); ++s) {
        std::copy_n(x.data() + s * kInputs, kInputs, y.data() + s * (kInputs + 1));
        y(kInputs, s) = p[0][0];
      }
    }

    template <class Scalar>
    static void backward(Tensors<const Scalar>, ConstView<Scalar>, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      for (Index s = 0; s < dy.cols(); ++s)
        std::copy_n(dy.data() + s * (kInputs + 1), kInputs, dx.data() + s * kInputs);
    }

    template <class Scalar>
    static double gradient(ConstView<Scalar> x, ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      return gradient_to(x, dy, first, count, g[0]);
    }
    template <class Scalar>
    static double gradient_to(ConstView<Scalar>, ConstView<Scalar> dy, Index, Index, Scalar* to,
                              const kernels::Upcoming<Scalar>& = {}) {
      double sum = 0;
      for (Index s = 0; s < dy.cols(); ++s) sum += static_cast<double>(dy(kInputs, s));
      std::fill_n(to, kParameters[0].stored_size(), Scalar(0));
      to[0] = static_cast<Scalar>(sum);
      return static_cast<double>(to[0]) * static_cast<double>(to[0]);
    }
    static constexpr GradientRange gradient_range(Index, Index) { return {0, kParameters[0].stored_size()}; }
  };
};

}  // namespace bvae
