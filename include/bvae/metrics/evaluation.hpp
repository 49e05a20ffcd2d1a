#pragma once

#include <cstdint>
#include <numeric>
#include <span>
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
  explicit Evaluator(L likelihood = {})
      : likelihood_(std::move(likelihood)),
        input_(Model::kFeatures * kBlock),
        noise_(Model::kLatents * kBlock),
        z_(Model::kLatents * kBlock),
        scratch_(static_cast<std::size_t>(Model::kDecoderOutputs * kBlock)),
        encoder_(kBlock, input_.data(), nullptr, false),
        head_(kBlock, encoder_.output(), nullptr, false),
        decoder_(kBlock, z_.data(), nullptr, false),
        values_(kBlock),
        order_(kBlock) {}
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
      std::iota(order_.begin(), order_.end(), static_cast<std::uint32_t>(first));
      team.run([&](const Member& member) { forward(model, data, options, Pass(Mode::kEvaluation, member, count)); });
      for (Index s = 0; s < count; ++s) result.reconstruction += values_[static_cast<std::size_t>(s)];
      const auto q = Model::Latent::posterior(static_cast<const Scalar*>(head_.output()), count);
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
  static constexpr Index kBlock = 512;

  void forward(const Model& model, const Dataset& data, const EvaluationOptions& options, const Pass& pass) {
    Scalar* const state = const_cast<Scalar*>(model.state().data());  // evaluation only reads it
    pass.for_own_shards([&](Shard s) {
      const auto first = static_cast<std::size_t>(s.first);
      const std::span<const std::uint32_t> samples(order_.data() + first, static_cast<std::size_t>(s.count));
      Scalar* x = input_.data() + s.first * Model::kFeatures;
      data.template gather<Scalar>(samples, x);
      const RandomStream random(options.seed, Stream::kEvaluationNoise);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        binarize(options.binarization, options.seed, 0, samples[i],
                 std::span<Scalar>(x + static_cast<Index>(i) * Model::kFeatures, Model::kFeatures));
        random.normal(samples[i], std::span<Scalar>(noise_.data() + (s.first + static_cast<Index>(i)) * Model::kLatents,
                                                    Model::kLatents));
      }
    });
    const Scalar* p = model.parameters().data();
    Model::EncoderNetwork::forward(pass, p, state, encoder_);
    Model::HeadNetwork::forward(pass, p + Model::kHeadOffset, state, head_);
    pass.for_own_shards([&](Shard s) {
      Model::Latent::posterior(static_cast<const Scalar*>(head_.output()) + s.first * Model::Latent::kHeadOutputs,
                               s.count)
          .sample(ConstView<Scalar>(noise_.data() + s.first * Model::kLatents, Model::kLatents, s.count),
                  View<Scalar>(z_.data() + s.first * Model::kLatents, Model::kLatents, s.count));
    });
    Model::DecoderNetwork::forward(pass, p + Model::kDecoderOffset, state + Model::kDecoderStateOffset, decoder_);
    pass.for_own_shards([&](Shard s) {
      LikelihoodOn<L, typename Model::Input, typename Model::DecoderNetwork::Output>::evaluate(
          likelihood_, ConstView<Scalar>(input_.data() + s.first * Model::kFeatures, Model::kFeatures, s.count),
          ConstView<Scalar>(decoder_.output() + s.first * Model::kDecoderOutputs, Model::kDecoderOutputs, s.count),
          Scalar(1), std::span<double>(values_.data() + s.first, static_cast<std::size_t>(s.count)),
          View<Scalar>(scratch_.data() + s.first * Model::kDecoderOutputs, Model::kDecoderOutputs, s.count));
    });
  }

  L likelihood_;
  Arena<Scalar> input_;
  Arena<Scalar> noise_;
  Arena<Scalar> z_;
  Arena<Scalar> scratch_;
  typename Model::EncoderNetwork::template Activations<Scalar> encoder_;
  typename Model::HeadNetwork::template Activations<Scalar> head_;
  typename Model::DecoderNetwork::template Activations<Scalar> decoder_;
  std::vector<double> values_;
  std::vector<std::uint32_t> order_;
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
