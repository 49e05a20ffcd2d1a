#include "bvae/optimizers/any_optimizer.hpp"

#include <stdexcept>

#include "bvae/bvae.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "training/harness.hpp"

using namespace bvae;

namespace {

template <class O>
harness::Model train(const O& optimizer) {
  const Dataset data = harness::bars(150);
  harness::Model model{Seed{6}};
  Trainer trainer{model, Bernoulli{}, Kl{}, Constant{0.5}, optimizer};
  trainer.fit(data, {.epochs = 2, .batch_size = 64, .threads = 2},
              [&](const FitBegin& e) { CHECK(e.run.optimizer == name_of(optimizer)); });
  return model;
}

template <class O>
void check(const O& optimizer, bool reads_norm) {
  INFO(O::kName);
  const AnyOptimizer<> any = optimizer;
  CHECK(any.name() == O::kName);
  CHECK(any.reads_norm() == reads_norm);
  CHECK(any.base_learning_rate() == optimizer.base_learning_rate());
  CHECK(bvae_test::same_bits(train(optimizer).parameters(), train(any).parameters()));
}

}  // namespace

TEST_CASE("AnyOptimizer: the bits of the optimizer inside", "[optimizers]") {
  check(Adam{.learning_rate = 1e-2}, false);
  check(AdamW{.learning_rate = 1e-2, .weight_decay = 0.1}, false);
  check(Sgd{.momentum = 0.9}, false);
  check(ClipByGlobalNorm<Sgd>{.max_norm = 0.5, .inner = {.momentum = 0.9}}, true);
}

TEST_CASE("AnyOptimizer: refuses what the optimizer inside refuses", "[optimizers]") {
  CHECK_THROWS_AS(AnyOptimizer<>(Adam{.learning_rate = -1}), std::invalid_argument);
  CHECK_THROWS_AS(AnyOptimizer<double>(ClipByGlobalNorm<>{.max_norm = 0}), std::invalid_argument);
}
