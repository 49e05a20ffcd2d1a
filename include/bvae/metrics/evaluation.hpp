#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/denormals.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/data/binarization.hpp"
#include "bvae/data/check_shape.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/likelihoods/likelihood_on.hpp"
#include "bvae/metrics/evaluation_pass.hpp"

namespace bvae {

/// What a model does on a whole data set, in nats, means over the samples. Every sample counts once.
struct Evaluation {
  Index samples = 0;
  double reconstruction = 0;       ///< E_q[-log p(x|z)], one z for each sample
  double kl = 0;                   ///< KL(q(z|x) || p(z)), plain: no beta, no free bits
  Vector<double> kl_per_latent{};  ///< sums to kl
  Vector<double> mu_variance{};    ///< variance over the data of each latent's posterior mean

  double constant = 0;  ///< what the likelihood leaves out of `reconstruction` (Gaussian::constant)
  Binarization binarization = Binarization::kNone;

  /// The evidence lower bound: beta = 1 whatever the model was trained with. No bound if the likelihood is no density,
  /// see is_density.
  [[nodiscard]] double elbo() const { return -(reconstruction + constant + kl); }
  [[nodiscard]] double objective(double beta) const { return reconstruction + rounded(beta * kl); }
  /// Latents whose posterior mean moves with the data (Burda, Grosse, Salakhutdinov 2016, section 5.2).
  [[nodiscard]] Index active_units(double threshold = 0.01) const {
    Index active = 0;
    for (const double variance : mu_variance) active += variance > threshold ? 1 : 0;
    return active;
  }
};

struct EvaluationOptions {
  Seed seed{};  ///< of the noise and of binarisation; the same seed, the same result
  Binarization binarization = Binarization::kNone;  ///< kDynamic evaluates on one fixed draw
};

/// \throws std::invalid_argument that begins with `what`, if the data do not fit the model, the binarisation or the
/// likelihood; and what the likelihood throws if it does not fit the model or the data
template <class Model, Likelihood L>
[[gnu::cold]] void check_data(const std::string& what, const Dataset& data, Binarization binarization,
                              const L& likelihood) {
  if constexpr (requires { likelihood.template check_input<typename Model::Input>(); })
    likelihood.template check_input<typename Model::Input>();
  check_shape<typename Model::Input>(what, data);
  if (binarization != Binarization::kNone && (data.minimum() < 0 || data.maximum() > 1))
    throw std::invalid_argument(message(what, " must lie in [0, 1] to be binarised"));
  likelihood.check_targets(data.minimum(), data.maximum());
}

/// Evaluates models of type `Model`; keeps its memory: to be called every epoch.
template <class Model, Likelihood L>
class Evaluator {
  using Scalar = typename Model::Scalar;

 public:
  explicit Evaluator(L likelihood = {}) : likelihood_(std::move(likelihood)), values_(kBlock) {}
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// \throws std::invalid_argument if the data do not fit the model or the likelihood
  Evaluation operator()(const Model& model, const Dataset& data, const EvaluationOptions& options, Team& team) {
    if constexpr (requires { likelihood_.validate(); }) likelihood_.validate();
    check_data<Model>("evaluate: the data set", data, options.binarization, likelihood_);
    const FlushDenormals flush;  // as the team's members do: part of the work is done here
    Evaluation result;
    result.samples = data.size();
    result.binarization = options.binarization;
    if constexpr (requires { likelihood_.constant(Index{}); }) result.constant = likelihood_.constant(Model::kFeatures);
    result.kl_per_latent = Vector<double>::Zero(Model::kLatents);
    result.mu_variance = Vector<double>::Zero(Model::kLatents);
    Vector<double> mu_sum = Vector<double>::Zero(Model::kLatents);
    // Squares are taken around the first sample's mean, so that they do not drown in a large common offset.
    Vector<double> origin;
    for (Index first = 0; first < data.size(); first += kBlock) {
      const Index count = std::min(kBlock, data.size() - first);
      team.run([&](const Member& member) {
        const Pass pass(Mode::kEvaluation, member, count);
        pass_.encode(model, data, first, options.seed, options.binarization, pass);
        pass_.draw(options.seed, 0, first, pass);
        pass_.decode(model, likelihood_, values_, pass);
      });
      for (Index s = 0; s < count; ++s) result.reconstruction += values_[static_cast<std::size_t>(s)];
      const auto q = pass_.posterior({0, count});
      q.kl_per_latent(kl_);
      if (first == 0) origin = q.mu().col(0).template cast<double>();
      // Written out in scalars: Eigen's order of summation and the compiler's fusing depend on flags.
      for (Index d = 0; d < Model::kLatents; ++d) {
        result.kl_per_latent[d] += rounded(static_cast<double>(count) * kl_[d]);
        for (Index s = 0; s < count; ++s) {
          const double centred = static_cast<double>(q.mu()(d, s)) - origin[d];
          mu_sum[d] += centred;
          result.mu_variance[d] += rounded(centred * centred);
        }
      }
    }
    const double n = static_cast<double>(data.size());
    result.reconstruction /= n;
    if constexpr (BatchLikelihood<L>)
      result.reconstruction = likelihood_.value(result.reconstruction, Model::kFeatures);
    result.kl_per_latent /= n;
    for (Index d = 0; d < Model::kLatents; ++d) {
      result.kl += result.kl_per_latent[d];
      const double mean = mu_sum[d] / n;
      result.mu_variance[d] = result.mu_variance[d] / n - rounded(mean * mean);
    }
    return result;
  }

 private:
  static constexpr Index kBlock = detail::kEvaluationBlock;

  L likelihood_;
  detail::EvaluationPass<Model> pass_;
  std::vector<double> values_;
  Vector<double> kl_{Model::kLatents};
};

/// ELBO at beta = 1, KL per latent and active units of `model` over all of `data`.
///
/// \param threads 0 = one for each core; the result does not depend on it
template <class Model, Likelihood L>
Evaluation evaluate(const Model& model, const Dataset& data, const L& likelihood, const EvaluationOptions& options = {},
                    int threads = 0) {
  Team team(threads);
  return Evaluator<Model, L>(likelihood)(model, data, options, team);
}

}  // namespace bvae
