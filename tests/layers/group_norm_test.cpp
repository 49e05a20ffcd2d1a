#include "bvae/layers/group_norm.hpp"

#include <cmath>

#include "layers/normalization_harness.hpp"
#include "support/catch.hpp"

using namespace bvae;
using harness::OneLayer;

static_assert(bvae::BatchLayer<GroupNorm<3>::Bind<Features<3>>> &&
              bvae::BatchLayer<GroupNorm<1>::Bind<Image<3, 2, 2>>>);

TEST_CASE("GroupNorm: gradients are right to 1e-8", "[layers][gradient]") {
  harness::check_gradients<Features<6>, GroupNorm<2>>();
  harness::check_gradients<Features<34>, GroupNorm<2>>();
  harness::check_gradients<Image<4, 2, 3>, GroupNorm<2>>();
  harness::check_gradients<Image<3, 2, 3>, GroupNorm<1>>();
  harness::check_gradients<Image<18, 1, 2>, GroupNorm<3>>();
  harness::check_gradients<Image<3, 3, 7>, GroupNorm<3>, Flatten, Linear<6>, GroupNorm<2>, Tanh>();
}

TEST_CASE("GroupNorm: the same bits for any number of threads, instruction set and workspace", "[layers][threads]") {
  harness::check_bits<Network<Features<21>, Linear<33>, GroupNorm<3>, ReLU, Linear<5>>>();
  harness::check_bits<Network<Image<3, 3, 7>, GroupNorm<3>>>();
  harness::check_bits<Network<Image<20, 2, 2>, GroupNorm<5>>>();
}

TEST_CASE("GroupNorm: each group of a sample has mean 0 and variance 1", "[layers]") {
  using Net = Network<Image<4, 2, 3>, GroupNorm<2>>;
  OneLayer<Net> layer(3);
  for (double& x : layer.input) x = 4 * x + 7;
  const auto y = layer.forward(Mode::kTraining);
  for (Index s = 0; s < 3; ++s)
    for (Index group = 0; group < 2; ++group) {
      double sum = 0, squares = 0;
      for (Index pixel = 0; pixel < 6; ++pixel)
        for (Index c = 2 * group; c < 2 * group + 2; ++c) {
          sum += y(4 * pixel + c, s);
          squares += y(4 * pixel + c, s) * y(4 * pixel + c, s);
        }
      CHECK(sum == Approx(0).margin(1e-11));
      CHECK(squares / 12 == Approx(1).epsilon(1e-4));
    }
}

TEST_CASE("GroupNorm: one group of features is LayerNorm", "[layers]") {
  OneLayer<Network<Features<9>, GroupNorm<1>>> group(5);
  OneLayer<Network<Features<9>, LayerNorm>> layer(5);
  CHECK(group.forward(Mode::kTraining) == layer.forward(Mode::kTraining));
}
