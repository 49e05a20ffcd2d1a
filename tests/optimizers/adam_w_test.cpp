#include "bvae/optimizers/adam_w.hpp"

#include <cmath>
#include <limits>

#include "optimizers/harness.hpp"

using bvae::Adam;
using bvae::AdamW;

TEST_CASE("AdamW: agrees with PyTorch", "[optimizers]") {
  const AdamW plain{.learning_rate = 0.05};
  harness::check_goldens(plain, goldens::adam_w_double);
  harness::check_goldens(plain, goldens::adam_w_float);
  const AdamW strong{.learning_rate = 0.05, .weight_decay = 0.5};
  harness::check_goldens(strong, goldens::adam_w_strong_double, true);
  harness::check_goldens(strong, goldens::adam_w_strong_float, true);
}

TEMPLATE_TEST_CASE("AdamW: a split range gives the bits of the whole", "[optimizers]", float, double) {
  harness::check_splits<TestType>(AdamW{.weight_decay = 0.3});
}

TEST_CASE("AdamW: gradient_scale scales the gradient", "[optimizers]") {
  harness::check_scale<float>(AdamW{.epsilon = 0.1});
}

TEST_CASE("AdamW: the decay does not enter the moments", "[optimizers]") {
  harness::Arena<double, AdamW> arena(1);
  arena.parameters = {8};
  arena.step(AdamW{.weight_decay = 0.5}, {.t = 1, .learning_rate = 0.5}, 0, 1);
  CHECK(arena.parameters[0] == 6);
  CHECK(arena.moments[0][0] == 0);
  CHECK(arena.moments[1][0] == 0);
}

TEMPLATE_TEST_CASE("AdamW: without decay it has the bits of Adam", "[optimizers]", float, double) {
  harness::Arena<TestType, AdamW> decayed(19);
  harness::Arena<TestType, Adam> plain(19);
  for (std::int64_t t = 1; t <= 5; ++t) {
    for (std::size_t i = 0; i < 19; ++i) {
      decayed.gradient[i] = plain.gradient[i] = static_cast<TestType>(std::cos(double(i) * double(t)));
    }
    decayed.step(AdamW{.weight_decay = 0}, {.t = t, .learning_rate = 0.01}, 0, 19);
    plain.step(Adam{}, {.t = t, .learning_rate = 0.01}, 0, 19);
  }
  CHECK(decayed.parameters == plain.parameters);
}

TEST_CASE("AdamW: refuses bad hyper-parameters and ranges", "[optimizers]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_NOTHROW(AdamW{.weight_decay = 0}.validate());
  harness::check_bad(AdamW{.learning_rate = -1}, "AdamW: learning_rate");
  harness::check_bad(AdamW{.beta1 = 1}, "AdamW: beta1");
  harness::check_bad(AdamW{.beta2 = nan}, "AdamW: beta2");
  harness::check_bad(AdamW{.epsilon = 0}, "AdamW: epsilon");
  for (const double bad : {-1e-3, nan, std::numeric_limits<double>::infinity()}) {
    harness::check_bad(AdamW{.weight_decay = bad}, "AdamW: weight_decay");
  }
  harness::check_refusals(AdamW{}, "AdamW");
}
