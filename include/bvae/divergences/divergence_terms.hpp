#pragma once

#include <stdexcept>
#include <string_view>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/types.hpp"

namespace bvae {

/// A number that a divergence reports beside the one that beta multiplies.
struct DivergencePart {
  std::string_view name;
  double value = 0;
};

/// What a divergence may need to know of the run; fixed for all its steps.
struct DivergenceContext {
  Index data_size = 0;  ///< samples of the training set; 0: not known
  Seed seed{};          ///< of the run
};

/// What a divergence gives for one batch: everything is a mean over the samples, unweighted by beta, in nats.
template <class Scalar>
struct DivergenceTerms {
  /// \param latents M  \param capacity the largest batch; the gradients are allocated for it once
  DivergenceTerms(Index latents, Index capacity, const DivergenceContext& run = {})
      : kl_per_latent(Vector<double>::Zero(latents)),
        weight(Vector<double>::Zero(latents)),
        d_mu(latents, capacity),
        d_log_variance(latents, capacity),
        context(run) {}

  double value = 0;              ///< what beta multiplies (free bits applied)
  Vector<double> kl_per_latent;  ///< plain KL of each latent, whatever the divergence does with it
  Vector<double> weight;         ///< scratch of the divergence, one value a latent
  Matrix<Scalar> d_mu;           ///< gradient of `value`, first `samples` columns
  Matrix<Scalar> d_log_variance;
  DivergenceContext context;

  // Empty unless the divergence's prepare() makes them, once:
  Matrix<Scalar> d_z;                 ///< gradient of `value` with respect to the sample, if it has one
  Arena<double> scratch;              ///< memory of the divergence
  std::vector<DivergencePart> parts;  ///< what it reports

  [[nodiscard]] Index latents() const { return d_mu.rows(); }
  [[nodiscard]] Index capacity() const { return d_mu.cols(); }
  /// The gradients' views of a batch.
  [[nodiscard]] RowsView<Scalar> d_mu_of(Index samples) { return {d_mu.data(), latents(), samples, stride()}; }
  [[nodiscard]] RowsView<Scalar> d_log_variance_of(Index samples) {
    return {d_log_variance.data(), latents(), samples, stride()};
  }
  /// The scratch, of at least `count` values. \throws std::logic_error if there are less: prepare() was not called
  [[nodiscard]] double* scratch_of(Index count) {
    if (static_cast<Index>(scratch.size()) < count)
      throw std::logic_error("DivergenceTerms: the divergence's prepare() must come first");
    return scratch.data();
  }
  /// Plain KL, the sum over latents.
  [[nodiscard]] double kl() const {
    double sum = 0;  // in order: Eigen's depends on flags
    for (const double kl : kl_per_latent) sum += kl;
    return sum;
  }

 private:
  [[nodiscard]] Eigen::OuterStride<> stride() const { return Eigen::OuterStride<>(latents()); }
};

}  // namespace bvae
