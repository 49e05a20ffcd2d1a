/// Runs an optimizer over the parameters and gradients of optimizer_goldens.hpp, and over ranges split in several ways.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "bvae/optimizers/optimizer_step.hpp"
#include "golden/optimizer_goldens.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace harness {

/// Parameters, gradient and moments as a trainer holds them: vectors of equal length.
template <class Scalar, class Optimizer>
struct Arena {
  static constexpr std::size_t kMoments = static_cast<std::size_t>(Optimizer::kMoments);

  explicit Arena(std::size_t size) : parameters(size), gradient(size) {
    for (std::vector<Scalar>& moment : moments) moment.resize(size);
  }

  void step(const Optimizer& optimizer, const bvae::OptimizerStep& step, std::size_t begin, std::size_t count) {
    std::array<std::span<Scalar>, kMoments> parts;
    for (std::size_t i = 0; i < kMoments; ++i) parts[i] = std::span<Scalar>(moments[i]).subspan(begin, count);
    optimizer.step(step, std::span<Scalar>(parameters).subspan(begin, count),
                   std::span<const Scalar>(gradient).subspan(begin, count), parts);
  }

  std::vector<Scalar> parameters;
  std::vector<Scalar> gradient;
  std::array<std::vector<Scalar>, kMoments> moments;
};

/// Checks all kept updates against PyTorch's, the two blocks handed over one after the other with the same `t`.
template <class Scalar, class Optimizer, std::size_t Kept>
void check_goldens(const Optimizer& optimizer, const Scalar (&goldens)[Kept][goldens::kSize],
                   bool changing_rate = false) {
  constexpr std::size_t kSize = goldens::kSize;
  constexpr std::size_t kFirst = goldens::kFirstBlock;
  const Scalar tolerance = sizeof(Scalar) == 8 ? Scalar(1e-12) : Scalar(1e-6);
  optimizer.validate();
  Arena<Scalar, Optimizer> arena(kSize);
  for (std::size_t i = 0; i < kSize; ++i) arena.parameters[i] = static_cast<Scalar>(goldens::parameters[0][i]);
  std::size_t kept = 0;
  for (int t = 1; t <= goldens::kSteps; ++t) {
    double squares = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      arena.gradient[i] = static_cast<Scalar>(goldens::gradients[t - 1][i]);
      squares += goldens::gradients[t - 1][i] * goldens::gradients[t - 1][i];
    }
    const bvae::OptimizerStep step{.t = t,
                                   .learning_rate = optimizer.base_learning_rate() / (changing_rate ? t : 1),
                                   .gradient_norm = std::sqrt(squares)};
    arena.step(optimizer, step, 0, kFirst);
    arena.step(optimizer, step, kFirst, kSize - kFirst);
    if (kept < Kept && goldens::kKept[kept] == t) {
      for (std::size_t i = 0; i < kSize; ++i) {
        INFO("update " << t << ", parameter " << i);
        CHECK_THAT(arena.parameters[i], Catch::Matchers::WithinRel(goldens[kept][i], tolerance));
      }
      ++kept;
    }
  }
  CHECK(kept == Kept);
}

/// A whole range and the same range in parts must agree bit for bit, in parameters and moments.
template <class Scalar, class Optimizer>
void check_splits(const Optimizer& optimizer) {
  for (const std::size_t size : {0u, 1u, 7u, 15u, 16u, 17u, 33u, 100u}) {
    for (const std::size_t part : {1u, 3u, 15u, 16u, 17u, 64u}) {
      Arena<Scalar, Optimizer> whole(size);
      for (std::size_t i = 0; i < size; ++i) whole.parameters[i] = static_cast<Scalar>(std::sin(1.7 * double(i) + 1));
      Arena<Scalar, Optimizer> split = whole;
      for (std::int64_t t = 1; t <= 4; ++t) {
        for (std::size_t i = 0; i < size; ++i) {
          whole.gradient[i] = split.gradient[i] = static_cast<Scalar>(std::cos(0.3 * double(i) + double(t)));
        }
        const bvae::OptimizerStep step{.t = t, .learning_rate = 0.013, .gradient_norm = 1.7, .gradient_scale = 0.37};
        whole.step(optimizer, step, 0, size);
        for (std::size_t begin = 0; begin < size; begin += part) {
          split.step(optimizer, step, begin, std::min(part, size - begin));
        }
      }
      INFO("length " << size << " in parts of " << part);
      REQUIRE(bvae_test::same_bits(whole.parameters, split.parameters));
      for (std::size_t i = 0; i < whole.moments.size(); ++i)
        REQUIRE(bvae_test::same_bits(whole.moments[i], split.moments[i]));
    }
  }
}

/// gradient * gradient_scale must do what a gradient scaled beforehand does (here by a power of two, so exactly).
template <class Scalar, class Optimizer>
void check_scale(const Optimizer& optimizer) {
  Arena<Scalar, Optimizer> before(5);
  for (std::size_t i = 0; i < 5; ++i) before.gradient[i] = static_cast<Scalar>(i) - Scalar(1.75);
  Arena<Scalar, Optimizer> inside = before;
  for (Scalar& gradient : before.gradient) gradient *= Scalar(0.25);
  for (std::int64_t t = 1; t <= 3; ++t) {
    before.step(optimizer, {.t = t, .learning_rate = 0.1}, 0, 5);
    inside.step(optimizer, {.t = t, .learning_rate = 0.1, .gradient_scale = 0.25}, 0, 5);
  }
  CHECK(before.parameters == inside.parameters);
  CHECK(before.parameters[0] != 0);
}

/// Unequal lengths and updates counted from 0 are refused, and nothing changes.
template <class Optimizer>
void check_refusals(const Optimizer& optimizer, const char* name) {
  Arena<float, Optimizer> arena(17);
  std::array<std::span<float>, Arena<float, Optimizer>::kMoments> moments;
  for (std::size_t i = 0; i < moments.size(); ++i) moments[i] = arena.moments[i];
  arena.gradient.assign(17, 1.0f);
  const std::span<float> parameters(arena.parameters);
  const std::span<const float> gradient(arena.gradient);
  const bvae::OptimizerStep good{.t = 1, .learning_rate = 0.1};
  CHECK_THROWS_AS(optimizer.step(good, parameters, gradient.first(16), moments), std::invalid_argument);
  CHECK_THROWS_WITH(optimizer.step(good, parameters.first(16), gradient, moments), ContainsSubstring(name));
  CHECK_THROWS_AS(optimizer.step({.t = 0, .learning_rate = 0.1}, parameters, gradient, moments), std::invalid_argument);
  if (!moments.empty()) {
    moments.back() = moments.back().first(1);
    CHECK_THROWS_AS(optimizer.step(good, parameters, gradient, moments), std::invalid_argument);
  }
  CHECK(arena.parameters == std::vector<float>(17, 0.0f));
}

/// validate() throws std::invalid_argument with this text.
template <class Optimizer>
void check_bad(const Optimizer& optimizer, const char* message) {
  CHECK_THROWS_AS(optimizer.validate(), std::invalid_argument);
  CHECK_THROWS_WITH(optimizer.validate(), ContainsSubstring(message));
}

}  // namespace harness
