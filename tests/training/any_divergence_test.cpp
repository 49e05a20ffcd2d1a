#include "bvae/training/any_divergence.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "training/harness.hpp"

using namespace bvae;
using bvae_test::same_bits;

namespace {

struct Run {
  harness::Model model{Seed{6}};
  History history;
  std::vector<double> parts;
};

template <class D>
Run train(const D& divergence) {
  const Dataset data = harness::bars(150);
  Run run;
  Trainer trainer{run.model, Bernoulli{}, divergence, Constant{0.5}, Adam{.learning_rate = 1e-2}};
  run.history = trainer.fit(data, {.epochs = 2, .batch_size = 64, .threads = 2}, [&](const StepEnd& e) {
    CHECK(e.run.divergence == name_of(divergence));
    for (const DivergencePart& part : e.divergence_parts) run.parts.push_back(part.value);
  });
  return run;
}

template <class D>
void check(const D& divergence) {
  INFO(D::kName);
  const AnyDivergence<> any = divergence;
  CHECK(any.name() == D::kName);
  const Run run = train(divergence);
  const Run other = train(any);
  CHECK(same_bits(run.model.parameters(), other.model.parameters()));
  CHECK(run.parts == other.parts);
  for (std::size_t e = 0; e < run.history.epochs.size(); ++e)
    CHECK(run.history.epochs[e].train.divergence == other.history.epochs[e].train.divergence);
}

}  // namespace

TEST_CASE("AnyDivergence: the bits of the divergence inside", "[training]") {
  check(Kl{.free_bits = 0.1});
  check(Kl{.free_bits = 0.1, .form = FreeBits::kPerSampleAndLatent});
  check(Capacity{});
  check(TotalCorrelation{});
  check(DipVae{});
  check(Mmd{});
}

TEST_CASE("AnyDivergence: refuses what the divergence inside refuses", "[training]") {
  CHECK_THROWS_AS(AnyDivergence<>(Kl{.free_bits = -1}), std::invalid_argument);
  CHECK_THROWS_AS(AnyDivergence<>(Mmd{.lambda = -1}), std::invalid_argument);
}
