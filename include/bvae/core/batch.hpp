/// How a batch is cut into shards. A shard is the unit of work of a thread; its width depends on the batch only, never
/// on the number of threads, so every sum has the same order whoever computes it.
#pragma once

#include <algorithm>

#include "bvae/core/team.hpp"
#include "bvae/core/types.hpp"

namespace bvae {

/// Samples [first, first + count) of a batch.
struct Shard {
  Index first = 0;
  Index count = 0;
};

/// Training updates running statistics and draws noise; evaluation does not.
enum class Mode { kTraining, kEvaluation };

namespace detail {
/// 32 samples keep the products fast; half of a small batch leaves work for a second core.
constexpr Index shard_width(Index samples) {
  const Index half = ((samples + 1) / 2 + 7) / 8 * 8;
  return std::clamp<Index>(half, 8, 32);
}
}  // namespace detail

/// One thread's part in one pass over a batch: who it is and which shards are its own.
class Pass {
 public:
  Pass(Mode mode, Member member, Index samples) : mode_(mode), member_(member), samples_(samples) {}

  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] const Member& member() const { return member_; }
  [[nodiscard]] Index samples() const { return samples_; }

  [[nodiscard]] Index shard_count() const {
    const Index width = detail::shard_width(samples_);
    return (samples_ + width - 1) / width;
  }
  [[nodiscard]] Shard shard(Index i) const {
    const Index width = detail::shard_width(samples_);
    return {i * width, std::min(width, samples_ - i * width)};
  }

  /// Calls `function(shard)` for each shard of this member.
  template <class Function>
  void for_own_shards(Function&& function) const {
    const Index count = shard_count();
    const Index end = count * (member_.rank() + 1) / member_.size();
    for (Index i = count * member_.rank() / member_.size(); i < end; ++i) function(shard(i));
  }

 private:
  Mode mode_;
  Member member_;
  Index samples_;
};

}  // namespace bvae
