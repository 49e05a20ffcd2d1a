#include "bvae/optimizers/clip_by_global_norm.hpp"

#include <limits>
#include <type_traits>

#include "bvae/optimizers/adam_w.hpp"
#include "bvae/optimizers/sgd.hpp"
#include "optimizers/harness.hpp"

using bvae::Adam;
using bvae::AdamW;
using bvae::ClipByGlobalNorm;
using bvae::Sgd;

static_assert(std::is_same_v<decltype(ClipByGlobalNorm{1.0, Sgd{}}), ClipByGlobalNorm<Sgd>>);
static_assert(std::is_same_v<decltype(ClipByGlobalNorm<>{}.inner), Adam>);
static_assert(ClipByGlobalNorm<Sgd>::kMoments == 1 && ClipByGlobalNorm<>::kMoments == 2);

TEST_CASE("ClipByGlobalNorm: agrees with PyTorch", "[optimizers]") {
  // A limit of 40 cuts the third gradient only, a limit of 1 cuts all.
  const ClipByGlobalNorm<Adam> adam{.max_norm = 40, .inner = {.learning_rate = 0.05}};
  harness::check_goldens(adam, goldens::clipped_adam_double);
  harness::check_goldens(adam, goldens::clipped_adam_float);
  const ClipByGlobalNorm<Sgd> sgd{.max_norm = 40, .inner = {.momentum = 0.9}};
  harness::check_goldens(sgd, goldens::clipped_sgd_double);
  harness::check_goldens(sgd, goldens::clipped_sgd_float);
  const ClipByGlobalNorm<AdamW> adam_w{.max_norm = 1, .inner = {.learning_rate = 0.05}};
  harness::check_goldens(adam_w, goldens::clipped_adam_w_double);
  harness::check_goldens(adam_w, goldens::clipped_adam_w_float);
}

TEMPLATE_TEST_CASE("ClipByGlobalNorm: a split range gives the bits of the whole", "[optimizers]", float, double) {
  harness::check_splits<TestType>(ClipByGlobalNorm<Adam>{.max_norm = 0.5});
}

TEST_CASE("ClipByGlobalNorm: looks at the norm after the scale it was given", "[optimizers]") {
  const ClipByGlobalNorm<Sgd> clipped{.max_norm = 2};
  const auto moved = [&](double norm, double scale) {
    harness::Arena<double, ClipByGlobalNorm<Sgd>> arena(1);
    arena.gradient = {norm};
    arena.step(clipped, {.t = 1, .learning_rate = 1, .gradient_norm = norm, .gradient_scale = scale}, 0, 1);
    return -arena.parameters[0];
  };
  CHECK(moved(1, 1) == 1);
  CHECK(moved(8, 0.125) == 1);
  CHECK_THAT(moved(8, 1), Catch::Matchers::WithinRel(2 * 8 / (8 + 1e-6), 1e-15));
  CHECK_THAT(moved(8, 0.5), Catch::Matchers::WithinRel(2 * 4 / (4 + 1e-6), 1e-15));
  CHECK_THAT(moved(8, -0.5), Catch::Matchers::WithinRel(-2 * 4 / (4 + 1e-6), 1e-15));
  CHECK(moved(0, 1) == 0);
}

TEST_CASE("ClipByGlobalNorm: has the learning rate of the optimizer inside", "[optimizers]") {
  CHECK(ClipByGlobalNorm{1.0, Adam{.learning_rate = 0.25}}.base_learning_rate() == 0.25);
}

TEST_CASE("ClipByGlobalNorm: refuses bad hyper-parameters, its own and those inside", "[optimizers]") {
  CHECK_NOTHROW(ClipByGlobalNorm<>{}.validate());
  for (const double bad :
       {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    harness::check_bad(ClipByGlobalNorm<>{.max_norm = bad}, "ClipByGlobalNorm: max_norm");
  }
  harness::check_bad(ClipByGlobalNorm<Sgd>{.inner = {.momentum = -1}}, "Sgd: momentum");
  harness::check_refusals(ClipByGlobalNorm<Sgd>{}, "Sgd");
}
