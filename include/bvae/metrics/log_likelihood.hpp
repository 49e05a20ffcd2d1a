#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/denormals.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/core/team.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/metrics/evaluation_pass.hpp"

namespace bvae {

/// An estimate of log p(x), in nats.
struct LogLikelihood {
  Index samples = 0;
  Index draws = 0;
  double mean = 0;  ///< over the samples; below log p(x) in expectation, and nearer to it with more draws
  Binarization binarization = Binarization::kNone;
};

struct LogLikelihoodOptions {
  Index draws = 100;  ///< K, 1 or more; 1 is an estimate of the ELBO, papers take 5000
  Seed seed{};        ///< of the draws and of binarisation; the same seed, the same result
  Binarization binarization = Binarization::kNone;  ///< kDynamic evaluates on one fixed draw
};

/// The importance-weighted bound of log p(x) (Burda, Grosse, Salakhutdinov 2016, "Importance weighted autoencoders",
/// equation 8), with K draws z_k from q(z|x) for each sample:
///
///     log 1/K sum over k of w_k,    w_k = p(x|z_k) p(z_k) / q(z_k|x)
///
/// Every sample counts once. The weights and their sum are made in double, relative to the largest weight of the
/// sample, so nothing overflows. The same seed gives the same bits for any number of threads.
///
/// Memory: one block of samples, and draws x 512 doubles. Time: one encoder and `draws` decoders for each sample.
///
/// \param threads 0 = one for each core; the result does not depend on it
/// \throws std::invalid_argument if the data do not fit the model, there is no draw, or the likelihood is not the
/// density of each sample alone (Perceptual and Ssim are no densities, OptimalGaussian looks at all samples)
template <class Model, Likelihood L>
LogLikelihood log_likelihood(const Model& model, const Dataset& data, const L& likelihood,
                             const LogLikelihoodOptions& options = {}, int threads = 0) {
  constexpr Index kBlock = detail::kEvaluationBlock;
  if constexpr (requires { likelihood.validate(); }) likelihood.validate();
  check_data<Model>("log_likelihood: the data set", data, options.binarization, likelihood);
  if (options.draws < 1)
    throw std::invalid_argument(message("log_likelihood: draws must be 1 or more, not ", options.draws));
  if (!is_density(likelihood))
    throw std::invalid_argument(message("log_likelihood: ", name_of(likelihood), " is not a density of the data"));
  if constexpr (BatchLikelihood<L>)  // a holder may have one that leaves the mean of its samples as it is
    if (likelihood.value(1.0, Model::kFeatures) != 1.0 || likelihood.value(-2.0, Model::kFeatures) != -2.0)
      throw std::invalid_argument(
          message("log_likelihood: ", name_of(likelihood), " is a density of all samples together, not of each alone"));
  const FlushDenormals flush;  // as the team's members do: part of the work is done here
  double constant = 0;
  if constexpr (requires { likelihood.constant(Index{}); }) constant = likelihood.constant(Model::kFeatures);
  Team team(threads);
  detail::EvaluationPass<Model> block;
  const auto draws = static_cast<std::size_t>(options.draws);
  std::vector<double> costs(static_cast<std::size_t>(kBlock));
  std::vector<double> log_weights(static_cast<std::size_t>(kBlock) * draws);  // those of a sample beside each other
  double sum = 0;
  for (Index first = 0; first < data.size(); first += kBlock) {
    const Index count = std::min(kBlock, data.size() - first);
    team.run([&](const Member& member) {
      const Pass pass(Mode::kEvaluation, member, count);
      block.encode(model, data, first, options.seed, options.binarization, pass);
      for (std::size_t k = 0; k < draws; ++k) {
        block.draw(options.seed, k, first, pass);
        block.decode(model, likelihood, costs, pass);
        pass.for_own_shards([&](Shard s) {
          const auto q = block.posterior(s);
          const auto noise = block.noise(s);
          const auto z = block.z(s);
          for (Index i = 0; i < s.count; ++i) {
            // log p(z) - log q(z|x): the constants cancel, and (z - mu) / sigma is the noise.
            double twice = 0;
            for (Index d = 0; d < Model::kLatents; ++d) {
              const auto e = static_cast<double>(noise(d, i));
              const auto c = static_cast<double>(z(d, i));
              twice += rounded(e * e) + static_cast<double>(q.log_variance()(d, i)) - rounded(c * c);
            }
            const auto sample = static_cast<std::size_t>(s.first + i);
            log_weights[sample * draws + k] = rounded(0.5 * twice) - (costs[sample] + constant);
          }
        });
        member.barrier();  // the next draw overwrites what others may read
      }
      pass.for_own_shards([&](Shard s) {
        for (Index i = 0; i < s.count; ++i) {
          const auto sample = static_cast<std::size_t>(s.first + i);
          const std::span<double> w(log_weights.data() + sample * draws, draws);
          const double largest = *std::max_element(w.begin(), w.end());
          for (double& weight : w) weight -= largest;
          kernels::apply<kernels::Elementary::kExp, double>(options.draws, w.data(), w.data());
          double total = 0;
          for (const double weight : w) total += weight;
          total /= static_cast<double>(options.draws);
          double logarithm = 0;
          kernels::apply<kernels::Elementary::kLog, double>(1, &total, &logarithm);
          costs[sample] = largest + logarithm;
        }
      });
    });
    for (Index s = 0; s < count; ++s) sum += costs[static_cast<std::size_t>(s)];
  }
  return {data.size(), options.draws, sum / static_cast<double>(data.size()), options.binarization};
}

}  // namespace bvae
