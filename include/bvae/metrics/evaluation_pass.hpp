/// What evaluations of a model on a data set share: blocks of samples, encoded once, drawn from and decoded as often as
/// one likes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/random.hpp"
#include "bvae/data/binarization.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/likelihoods/likelihood_on.hpp"

namespace bvae::detail {

/// Samples that are evaluated together.
inline constexpr Index kEvaluationBlock = 512;

/// The memory of a block. All members of a team call the functions together, in the order encode, draw, decode, draw,
/// decode, ...
template <class Model>
class EvaluationPass {
  using Scalar = typename Model::Scalar;

 public:
  EvaluationPass()
      : input_(Model::kFeatures * kEvaluationBlock),
        noise_(Model::kLatents * kEvaluationBlock),
        z_(Model::kLatents * kEvaluationBlock),
        scratch_(static_cast<std::size_t>(Model::kDecoderOutputs * kEvaluationBlock)),
        encoder_(kEvaluationBlock, input_.data(), nullptr, false),
        head_(kEvaluationBlock, encoder_.output(), nullptr, false),
        decoder_(kEvaluationBlock, z_.data(), nullptr, false) {}
  EvaluationPass(const EvaluationPass&) = delete;
  EvaluationPass& operator=(const EvaluationPass&) = delete;

  /// The posterior of the samples of `data` from `first` on, as many as `pass` has.
  void encode(const Model& model, const Dataset& data, Index first, Seed seed, Binarization binarization,
              const Pass& pass) {
    pass.for_own_shards([&](Shard s) {
      for (Index i = s.first; i < s.first + s.count; ++i) {
        const std::array<std::uint32_t, 1> sample{static_cast<std::uint32_t>(first + i)};
        Scalar* const x = input_.data() + i * Model::kFeatures;
        data.template gather<Scalar>(sample, x);
        binarize(binarization, seed, 0, sample[0], std::span<Scalar>(x, Model::kFeatures));
      }
    });
    Model::EncoderNetwork::forward(pass, model.parameters().data(), state_of(model), encoder_);
    Model::HeadNetwork::forward(pass, model.parameters().data() + Model::kHeadOffset, state_of(model), head_);
  }

  /// One sample z for each of them; another one for each `draw`.
  void draw(Seed seed, std::uint64_t draw, Index first, const Pass& pass) {
    const RandomStream random(seed, Stream::kEvaluationNoise, draw);
    pass.for_own_shards([&](Shard s) {
      for (Index i = s.first; i < s.first + s.count; ++i)
        random.normal(static_cast<std::uint32_t>(first + i),
                      std::span<Scalar>(noise_.data() + i * Model::kLatents, Model::kLatents));
      posterior(s).sample(noise(s), View<Scalar>(z_.data() + s.first * Model::kLatents, Model::kLatents, s.count));
    });
  }

  /// values[s] = what z costs as a code of sample s under the likelihood: -log p(x|z) without its constant.
  template <Likelihood L>
  void decode(const Model& model, const L& likelihood, std::span<double> values, const Pass& pass) {
    Model::DecoderNetwork::forward(pass, model.parameters().data() + Model::kDecoderOffset,
                                   state_of(model) + Model::kDecoderStateOffset, decoder_);
    pass.for_own_shards([&](Shard s) {
      LikelihoodOn<L, typename Model::Input, typename Model::DecoderNetwork::Output>::evaluate(
          likelihood, ConstView<Scalar>(input_.data() + s.first * Model::kFeatures, Model::kFeatures, s.count),
          ConstView<Scalar>(decoder_.output() + s.first * Model::kDecoderOutputs, Model::kDecoderOutputs, s.count),
          Scalar(1), values.subspan(static_cast<std::size_t>(s.first), static_cast<std::size_t>(s.count)),
          View<Scalar>(scratch_.data() + s.first * Model::kDecoderOutputs, Model::kDecoderOutputs, s.count));
    });
  }

  [[nodiscard]] auto posterior(Shard s) const {
    return Model::Latent::posterior(static_cast<const Scalar*>(head_.output()) + s.first * Model::Latent::kHeadOutputs,
                                    s.count);
  }
  [[nodiscard]] ConstView<Scalar> noise(Shard s) const {
    return {noise_.data() + s.first * Model::kLatents, Model::kLatents, s.count};
  }
  [[nodiscard]] ConstView<Scalar> z(Shard s) const {
    return {z_.data() + s.first * Model::kLatents, Model::kLatents, s.count};
  }

 private:
  /// Evaluation only reads it; Network::forward takes it writable because training writes it.
  static Scalar* state_of(const Model& model) { return const_cast<Scalar*>(model.state().data()); }

  Arena<Scalar> input_;
  Arena<Scalar> noise_;
  Arena<Scalar> z_;
  Arena<Scalar> scratch_;
  typename Model::EncoderNetwork::template Activations<Scalar> encoder_;
  typename Model::HeadNetwork::template Activations<Scalar> head_;
  typename Model::DecoderNetwork::template Activations<Scalar> decoder_;
};

}  // namespace bvae::detail
