#include "bvae/optimizers/optimizer_step.hpp"

#include "support/catch.hpp"

TEST_CASE("OptimizerStep: by default is the first update, with the gradient as it is", "[optimizers]") {
  constexpr bvae::OptimizerStep step{};
  CHECK(step.t == 1);
  CHECK(step.gradient_scale == 1);
}
