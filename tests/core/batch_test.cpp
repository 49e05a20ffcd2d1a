#include "bvae/core/batch.hpp"

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
      REQUIRE(one.shard(i).count <= 32);
      if (i + 1 < one.shard_count()) REQUIRE(one.shard(i).count == one.shard(0).count);
    }
  }
}

TEST_CASE("Pass: two threads both get work from nine samples on", "[core]") {
  for (Index samples = 9; samples <= 300; ++samples)
    for (int rank = 0; rank < 2; ++rank) {
      Index own = 0;
      Pass(Mode::kTraining, Member(rank, 2, nullptr), samples).for_own_shards([&](Shard s) { own += s.count; });
      REQUIRE(own > 0);
    }
}

TEST_CASE("Pass: knows its mode, member and batch", "[core]") {
  const Pass pass(Mode::kEvaluation, Member(1, 3, nullptr), 40);
  CHECK(pass.mode() == Mode::kEvaluation);
  CHECK(pass.member().rank() == 1);
  CHECK(pass.member().size() == 3);
  CHECK(pass.samples() == 40);
}
