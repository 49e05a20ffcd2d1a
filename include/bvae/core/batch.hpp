/// How a batch is cut into shards. What a shard holds depends on the batch only, never on the number of threads, so
/// every sum has the same order whoever computes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "bvae/core/random.hpp"
#include "bvae/core/team.hpp"
#include "bvae/core/types.hpp"

namespace bvae {

/// Samples [first, first + count) of a batch.
struct Shard {
  Index first = 0;
  Index count = 0;
  Index index = 0;  ///< number of the shard in its batch
};

/// Training updates running statistics and draws noise; evaluation does not.
enum class Mode { kTraining, kEvaluation };

/// Samples of a shard; the last shard of a batch takes the remainder too. So one sample alone occurs in a batch of one
/// only, and the shards after any number of shards begin at a multiple of every register's width.
inline constexpr Index kShardSamples = 8;

/// What layers that draw random numbers in training (Dropout) draw them from: the run's seed and the step, below 2^40.
struct LayerRandom {
  Seed seed{};
  std::uint64_t step = 0;
};

/// One thread's part in one pass over a batch: who it is and which shards are its own.
class Pass {
 public:
  Pass(Mode mode, Member member, Index samples, std::optional<LayerRandom> random = {})
      : mode_(mode), member_(member), samples_(samples), random_(random) {}

  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] const Member& member() const { return member_; }
  [[nodiscard]] Index samples() const { return samples_; }

  /// The same pass for layers that are numbered from `layers` on: each layer has a number of its own (below 2^16).
  [[nodiscard]] Pass from_layer(std::uint64_t layers) const {
    Pass pass = *this;
    pass.layer_ += layers;
    return pass;
  }
  /// Random numbers for the layer that is called, with the sample's place in the batch as sample; the same in forward
  /// and backward of a step. None in evaluation, and none where the caller gave no LayerRandom.
  [[nodiscard]] std::optional<RandomStream> random() const {
    if (mode_ == Mode::kEvaluation || !random_) return std::nullopt;
    return RandomStream(random_->seed, Stream::kLayers, (layer_ << 40) | random_->step);
  }

  [[nodiscard]] Index shard_count() const { return std::max<Index>(1, samples_ / kShardSamples); }
  [[nodiscard]] Shard shard(Index i) const {
    const Index first = i * kShardSamples;
    return {first, i + 1 == shard_count() ? samples_ - first : kShardSamples, i};
  }

  /// Calls `function(shard)` for each shard of this member.
  template <class Function>
  void for_own_shards(Function&& function) const {
    for (Index i = own_begin(); i < own_end(); ++i) function(shard(i));
  }

  /// All shards of this member in one piece; may be empty.
  [[nodiscard]] Shard own_samples() const {
    if (own_begin() == own_end()) return {};
    const Index first = own_begin() * kShardSamples;
    const Shard last = shard(own_end() - 1);
    return {first, last.first + last.count - first, own_begin()};
  }

 private:
  [[nodiscard]] Index own_begin() const { return shard_count() * member_.rank() / member_.size(); }
  [[nodiscard]] Index own_end() const { return shard_count() * (member_.rank() + 1) / member_.size(); }

  Mode mode_;
  Member member_;
  Index samples_;
  std::optional<LayerRandom> random_;
  std::uint64_t layer_ = 0;
};

}  // namespace bvae
