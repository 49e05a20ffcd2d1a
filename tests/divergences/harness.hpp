// Runs a divergence on one thread.
#pragma once

#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/latent/latent.hpp"
#include "bvae/schedules/progress.hpp"

namespace harness {

using bvae::Index;
using bvae::Matrix;

/// Its terms for posteriors with `kLatents` latents (mu in the head's first rows, log_variance below) and samples z.
template <Index kLatents, class D, class Scalar>
bvae::DivergenceTerms<Scalar> terms_of(const D& divergence, const Matrix<Scalar>& head, const Matrix<Scalar>& z = {},
                                       const bvae::DivergenceContext& context = {},
                                       const bvae::Progress& progress = {}) {
  bvae::DivergenceTerms<Scalar> terms(kLatents, head.cols(), context);
  if constexpr (requires { divergence.prepare(terms); }) divergence.prepare(terms);
  const auto q = bvae::Latent<kLatents>::posterior(head.data(), head.cols());
  if constexpr (bvae::SampleDivergenceOf<D, decltype(q), bvae::Progress, bvae::DivergenceTerms<Scalar>>) {
    const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, head.cols());
    divergence(pass, q, bvae::ConstView<Scalar>(z.data(), z.rows(), z.cols()), progress, terms);
  } else {
    divergence(q, progress, terms);
  }
  return terms;
}

/// rows x samples of standard normal numbers.
inline Matrix<double> normal(Index rows, Index samples, std::uint64_t step) {
  Matrix<double> m(rows, samples);
  bvae::RandomStream(bvae::Seed{4}, bvae::Stream::kUser, step)
      .normal(0, std::span<double>(m.data(), static_cast<std::size_t>(m.size())));
  return m;
}

}  // namespace harness
