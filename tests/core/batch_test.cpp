#include "bvae/core/batch.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

using bvae::Index;
using bvae::Member;
using bvae::Mode;
using bvae::Pass;
using bvae::Shard;

TEST_CASE("Pass: the shards of all members cover every sample exactly once, in order", "[core]") {
  for (const int team : {1, 2, 3, 4, 5, 8, 64})
    for (Index samples = 1; samples <= 300; ++samples) {
      std::vector<int> seen(static_cast<std::size_t>(samples));
      Index next = 0;
      for (int rank = 0; rank < team; ++rank)
        Pass(Mode::kTraining, Member(rank, team, nullptr), samples).for_own_shards([&](Shard shard) {
          REQUIRE(shard.first == next);
          REQUIRE(shard.count >= 1);
          REQUIRE(shard.first + shard.count <= samples);
          next = shard.first + shard.count;
          for (Index s = shard.first; s < next; ++s) ++seen[static_cast<std::size_t>(s)];
        });
      for (const int times : seen) REQUIRE(times == 1);
    }
}

TEST_CASE("Pass: where a batch is cut depends on the batch only", "[core]") {
  for (Index samples = 1; samples <= 300; ++samples) {
    const Pass one(Mode::kTraining, Member{}, samples);
    const Pass fourth(Mode::kEvaluation, Member(3, 4, nullptr), samples);
    REQUIRE(one.shard_count() == fourth.shard_count());
    for (Index i = 0; i < one.shard_count(); ++i) {
      REQUIRE(one.shard(i).first == fourth.shard(i).first);
      REQUIRE(one.shard(i).count == fourth.shard(i).count);
      // Kernels may rely on it: shards begin at multiples of kShardSamples, and one sample alone is a batch of one.
      REQUIRE(one.shard(i).first == i * bvae::kShardSamples);
      REQUIRE(one.shard(i).count >= std::min(samples, bvae::kShardSamples));
      REQUIRE(one.shard(i).count < 2 * bvae::kShardSamples);
    }
  }
}

TEST_CASE("Pass: own_samples are the own shards in one piece", "[core]") {
  for (const int team : {1, 2, 3, 4, 5, 8, 64})
    for (Index samples = 1; samples <= 300; ++samples)
      for (int rank = 0; rank < team; ++rank) {
        const Pass pass(Mode::kTraining, Member(rank, team, nullptr), samples);
        Index first = -1, count = 0;
        pass.for_own_shards([&](Shard s) {
          if (first < 0) first = s.first;
          count += s.count;
        });
        REQUIRE(pass.own_samples().count == count);
        if (count > 0) REQUIRE(pass.own_samples().first == first);
      }
}

TEST_CASE("Pass: every thread gets work when there are as many shards as threads", "[core]") {
  for (int team = 2; team <= 4; ++team)
    for (Index samples = team * bvae::kShardSamples; samples <= 300; ++samples)
      for (int rank = 0; rank < team; ++rank)
        REQUIRE(Pass(Mode::kTraining, Member(rank, team, nullptr), samples).own_samples().count > 0);
}

TEST_CASE("Pass: knows its mode, member and batch", "[core]") {
  const Pass pass(Mode::kEvaluation, Member(1, 3, nullptr), 40);
  CHECK(pass.mode() == Mode::kEvaluation);
  CHECK(pass.member().rank() == 1);
  CHECK(pass.member().size() == 3);
  CHECK(pass.samples() == 40);
}

TEST_CASE("Pass: random numbers for layers, in training only, others for each layer and step", "[core]") {
  using bvae::LayerRandom;
  const auto words = [](Mode mode, LayerRandom random, std::uint64_t layer = 0) {
    return Pass(mode, Member{}, 40, random).from_layer(layer).random()->words(1, 2);
  };
  CHECK_FALSE(Pass(Mode::kTraining, Member{}, 40).random());
  CHECK_FALSE(Pass(Mode::kEvaluation, Member{}, 40, LayerRandom{}).random());
  const auto first = words(Mode::kTraining, {bvae::Seed{3}, 4});
  CHECK(words(Mode::kTraining, {bvae::Seed{3}, 4}) == first);
  CHECK(words(Mode::kTraining, {bvae::Seed{3}, 5}) != first);
  CHECK(words(Mode::kTraining, {bvae::Seed{2}, 4}) != first);
  CHECK(words(Mode::kTraining, {bvae::Seed{3}, 4}, 1) != first);
  CHECK(words(Mode::kTraining, {bvae::Seed{3}, 4}, 1 << 15) != words(Mode::kTraining, {bvae::Seed{3}, 4}, 1));
  const Pass pass = Pass(Mode::kTraining, Member{}, 40, LayerRandom{bvae::Seed{3}, 4}).from_layer(2).from_layer(3);
  CHECK(pass.random()->words(1, 2) == words(Mode::kTraining, {bvae::Seed{3}, 4}, 5));
  // A stream of its own.
  CHECK(bvae::RandomStream(bvae::Seed{3}, bvae::Stream::kNoise, 4).words(1, 2) != first);
}
