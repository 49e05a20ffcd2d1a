#include "bvae/optimizers/sgd.hpp"

#include <limits>

#include "optimizers/harness.hpp"

using bvae::Sgd;

TEST_CASE("Sgd: agrees with PyTorch", "[optimizers]") {
  const Sgd plain{};
  harness::check_goldens(plain, goldens::sgd_double);
  harness::check_goldens(plain, goldens::sgd_float);
  const Sgd decay{.weight_decay = 0.25};
  harness::check_goldens(decay, goldens::sgd_weight_decay_double);
  harness::check_goldens(decay, goldens::sgd_weight_decay_float);
  const Sgd momentum{.momentum = 0.9};
  harness::check_goldens(momentum, goldens::sgd_momentum_double);
  harness::check_goldens(momentum, goldens::sgd_momentum_float);
  const Sgd dampening{.momentum = 0.9, .dampening = 0.25};
  harness::check_goldens(dampening, goldens::sgd_dampening_double, true);
  harness::check_goldens(dampening, goldens::sgd_dampening_float, true);
  const Sgd nesterov{.momentum = 0.9, .weight_decay = 0.125, .nesterov = true};
  harness::check_goldens(nesterov, goldens::sgd_nesterov_double);
  harness::check_goldens(nesterov, goldens::sgd_nesterov_float);
  const Sgd all{.momentum = 0.5, .dampening = 0.5, .weight_decay = 0.125};
  harness::check_goldens(all, goldens::sgd_all_double);
  harness::check_goldens(all, goldens::sgd_all_float);
}

TEMPLATE_TEST_CASE("Sgd: a split range gives the bits of the whole", "[optimizers]", float, double) {
  harness::check_splits<TestType>(Sgd{.weight_decay = 0.3});
  harness::check_splits<TestType>(Sgd{.momentum = 0.9, .dampening = 0.1, .weight_decay = 0.3});
  harness::check_splits<TestType>(Sgd{.momentum = 0.9, .nesterov = true});
}

TEST_CASE("Sgd: gradient_scale scales the gradient", "[optimizers]") {
  harness::check_scale<float>(Sgd{.momentum = 0.9});
}

TEST_CASE("Sgd: the first moment is the gradient itself, whatever stood there", "[optimizers]") {
  harness::Arena<double, Sgd> arena(1);
  arena.gradient = {3};
  arena.moments[0] = {100};
  arena.step(Sgd{.momentum = 0.5, .dampening = 0.5}, {.t = 1, .learning_rate = 1}, 0, 1);
  CHECK(arena.moments[0][0] == 3);
  CHECK(arena.parameters[0] == -3);
  arena.step(Sgd{.momentum = 0.5, .dampening = 0.5}, {.t = 2, .learning_rate = 1}, 0, 1);
  CHECK(arena.moments[0][0] == 3);
}

TEST_CASE("Sgd: without momentum the moment stays as it is", "[optimizers]") {
  harness::Arena<double, Sgd> arena(1);
  arena.gradient = {3};
  arena.moments[0] = {100};
  arena.step(Sgd{}, {.t = 1, .learning_rate = 1}, 0, 1);
  arena.step(Sgd{}, {.t = 2, .learning_rate = 1}, 0, 1);
  CHECK(arena.moments[0][0] == 100);
  CHECK(arena.parameters[0] == -6);
}

TEST_CASE("Sgd: refuses bad hyper-parameters and ranges", "[optimizers]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_NOTHROW(Sgd{}.validate());
  for (const double bad : {-1.0, nan, std::numeric_limits<double>::infinity()}) {
    harness::check_bad(Sgd{.learning_rate = bad}, "Sgd: learning_rate");
    harness::check_bad(Sgd{.momentum = bad}, "Sgd: momentum");
    harness::check_bad(Sgd{.weight_decay = bad}, "Sgd: weight_decay");
  }
  harness::check_bad(Sgd{.dampening = nan}, "Sgd: dampening");
  harness::check_bad(Sgd{.nesterov = true}, "Sgd: nesterov");
  harness::check_bad(Sgd{.momentum = 0.9, .dampening = 0.1, .nesterov = true}, "Sgd: nesterov");
  harness::check_refusals(Sgd{}, "Sgd");
}
