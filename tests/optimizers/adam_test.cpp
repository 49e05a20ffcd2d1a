#include "bvae/optimizers/adam.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "optimizers/harness.hpp"
#include "support/isas.hpp"

using bvae::Adam;

TEST_CASE("Adam: agrees with PyTorch", "[optimizers]") {
  const Adam plain{.learning_rate = 0.05};
  harness::check_goldens(plain, goldens::adam_double);
  harness::check_goldens(plain, goldens::adam_float);
  harness::check_goldens(plain, goldens::adam_changing_rate_double, true);
  harness::check_goldens(plain, goldens::adam_changing_rate_float, true);
  const Adam other{.learning_rate = 0.05, .beta1 = 0.5, .beta2 = 0.9, .epsilon = 1e-3};
  harness::check_goldens(other, goldens::adam_other_betas_double);
  harness::check_goldens(other, goldens::adam_other_betas_float);
  const Adam forgetful{.learning_rate = 0.05, .beta1 = 0, .beta2 = 0};
  harness::check_goldens(forgetful, goldens::adam_no_memory_double);
  harness::check_goldens(forgetful, goldens::adam_no_memory_float);
}

TEMPLATE_TEST_CASE("Adam: a split range gives the bits of the whole", "[optimizers]", float, double) {
  harness::check_splits<TestType>(Adam{});
}

TEMPLATE_TEST_CASE("Adam: has the same bits for any compiler, flags and register width", "[optimizers]", float,
                   double) {
  // Every operation rounded by itself, in the kernel's order; volatile keeps the compiler from fusing any.
  using Real = volatile TestType;
  const Adam adam{.learning_rate = 0.05};
  for (const bvae::Isa isa : bvae_test::fused_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    harness::Arena<TestType, Adam> arena(35);
    std::vector<TestType> p(35), m(35), v(35);
    for (std::int64_t t = 1; t <= 20; ++t) {
      double power1 = 1, power2 = 1;
      for (std::int64_t i = 0; i < t; ++i) power1 *= 0.9, power2 *= 0.999;
      const bvae::OptimizerStep step{.t = t, .learning_rate = 0.05, .gradient_scale = 0.3};
      const auto c = bvae::detail::adam_coefficients<TestType>(step, 0.9, 0.999, 1e-8, 0);
      REQUIRE_THAT(c.step_size,
                   Catch::Matchers::WithinRel(static_cast<TestType>(0.05 * std::sqrt(1 - power2) / (1 - power1)),
                                              TestType(1e-6)));
      for (std::size_t i = 0; i < 35; ++i) {
        arena.gradient[i] = static_cast<TestType>(double((i * 37 + std::size_t(t) * 101) % 257) - 128) / 64;
        const Real g = arena.gradient[i] * c.scale;
        const Real taken1 = g * c.take1, square = g * g;
        m[i] = std::fma(m[i], c.keep1, TestType(taken1));
        const Real taken2 = square * c.take2;
        v[i] = std::fma(v[i], c.keep2, TestType(taken2));
        const Real root = std::sqrt(v[i]), step_m = m[i] * c.step_size;
        const Real denominator = root + c.epsilon;
        const Real move = step_m / denominator;
        p[i] = p[i] - move;
      }
      arena.step(adam, step, 0, 35);
      REQUIRE(arena.parameters == p);
      REQUIRE(arena.moments[0] == m);
      REQUIRE(arena.moments[1] == v);
    }
  }
}

TEST_CASE("whole_power: agrees with std::pow", "[optimizers]") {
  CHECK(bvae::detail::whole_power(0.9, 1) == 0.9);
  CHECK(bvae::detail::whole_power(0.0, 3) == 0.0);
  for (const double base : {0.5, 0.9, 0.999, 0.999999}) {
    for (const int exponent : {1, 2, 3, 10, 99, 1000, 123456}) {
      CHECK_THAT(bvae::detail::whole_power(base, exponent),
                 Catch::Matchers::WithinRel(std::pow(base, exponent), 1e-15 * (1 + exponent)));
    }
  }
}

TEST_CASE("Adam: gradient_scale scales the gradient", "[optimizers]") {
  harness::check_scale<float>(Adam{.epsilon = 0.1});
}

TEST_CASE("Adam: bias correction advances once per step", "[optimizers]") {
  // With a constant gradient every update is learning_rate long, for each of the tensors updated within a step. Were t
  // to advance with each tensor, the later ones would move by another amount.
  harness::Arena<double, Adam> arena(3);
  arena.gradient = {0.25, -4, 100};
  const Adam adam{.learning_rate = 0.5, .epsilon = 1e-300};
  for (std::int64_t t = 1; t <= 50; ++t) {
    for (std::size_t tensor = 0; tensor < 3; ++tensor) {
      arena.step(adam, {.t = t, .learning_rate = adam.base_learning_rate()}, tensor, 1);
    }
    const double length = 0.5 * static_cast<double>(t);
    CHECK_THAT(arena.parameters[0], Catch::Matchers::WithinRel(-length, 1e-12));
    CHECK_THAT(arena.parameters[1], Catch::Matchers::WithinRel(length, 1e-12));
    CHECK_THAT(arena.parameters[2], Catch::Matchers::WithinRel(-length, 1e-12));
  }
}

TEST_CASE("Adam: a gradient that was always zero moves nothing, however small epsilon", "[optimizers]") {
  harness::Arena<float, Adam> arena(3);
  arena.step(Adam{.epsilon = 1e-300}, {.t = 1, .learning_rate = 1}, 0, 3);
  for (const float parameter : arena.parameters) CHECK(parameter == 0.0f);
}

TEST_CASE("Adam: the rate of the step counts, not its own", "[optimizers]") {
  harness::Arena<double, Adam> arena(1);
  arena.gradient = {1};
  arena.step(Adam{.learning_rate = 7}, {.t = 1, .learning_rate = 0}, 0, 1);
  CHECK(arena.parameters[0] == 0);
  CHECK(arena.moments[0][0] != 0);
  CHECK(Adam{.learning_rate = 7}.base_learning_rate() == 7);
}

TEST_CASE("Adam: refuses bad hyper-parameters and ranges", "[optimizers]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_NOTHROW(Adam{}.validate());
  CHECK_NOTHROW(Adam{.learning_rate = 0, .beta1 = 0, .beta2 = 0}.validate());
  for (const double bad : {-1e-3, nan, infinity}) {
    harness::check_bad(Adam{.learning_rate = bad}, "Adam: learning_rate");
    harness::check_bad(Adam{.epsilon = bad}, "Adam: epsilon");
  }
  harness::check_bad(Adam{.epsilon = 0}, "Adam: epsilon");
  for (const double bad : {-0.1, 1.0, 1.5, nan}) {
    harness::check_bad(Adam{.beta1 = bad}, "Adam: beta1");
    harness::check_bad(Adam{.beta2 = bad}, "Adam: beta2");
  }
  harness::check_refusals(Adam{}, "Adam");
}
