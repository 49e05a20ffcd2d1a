#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"

namespace {

using bvae::Features;
using bvae::Index;
using bvae::Seed;

// `away_from_zero` keeps inputs off a kink there; the check's step is 1e-3.
template <bvae::Shape In, class... Layers>
void check(double away_from_zero = 0) {
  for (const Index samples : {Index{3}, Index{5}, Index{20}}) {  // 20: more than one shard
    const auto result = bvae::testing::check_layers<In, Layers...>(Seed{7}, samples, away_from_zero);
    INFO(samples << " samples: input " << result.input.relative_error << ", parameters "
                 << result.parameters.relative_error);
    CHECK(result.input.checked > 0);
    CHECK(result.relative_error() <= 1e-8);
  }
}

// Linear, but its gradient with respect to the input is wrong by a part in 10^6.
struct SlightlyWrong {
  template <bvae::Shape In>
  struct Bind : bvae::Linear<4>::Bind<In> {
    template <class Scalar>
    static void backward(bvae::Tensors<const Scalar> p, bvae::ConstView<Scalar> x, bvae::ConstView<Scalar> y,
                         bvae::ConstView<Scalar> dy, bvae::View<Scalar> dx) {
      bvae::Linear<4>::Bind<In>::backward(p, x, y, dy, dx);
      dx(1, 2) *= Scalar(1 + 1e-6);
    }
  };
};

}  // namespace

TEST_CASE("Linear: gradients are right to 1e-8", "[layers][gradient]") {
  check<Features<7>, bvae::Linear<5>>();
  check<Features<1>, bvae::Linear<1>>();
  check<Features<19>, bvae::Linear<33, bvae::KaimingNormal>>();
  check<bvae::Image<3, 4, 5>, bvae::Flatten, bvae::Linear<3>>();
}

TEST_CASE("Activations: gradients are right to 1e-8", "[layers][gradient]") {
  check<Features<9>, bvae::ReLU>(0.01);
  check<Features<9>, bvae::LeakyReLU>(0.01);
  check<Features<9>, bvae::BasicLeakyReLU<std::ratio<1, 3>>>(0.01);
  check<Features<9>, bvae::ELU>(0.01);
  check<Features<9>, bvae::BasicELU<std::ratio<3, 2>>>(0.01);
  check<Features<9>, bvae::SiLU>();
  check<Features<9>, bvae::GELU>();
  check<Features<9>, bvae::Tanh>();
  check<Features<9>, bvae::Sigmoid>();
  check<Features<9>, bvae::Softplus>();
  check<Features<9>, bvae::SiLU>(8.0);  // the tails
  check<Features<9>, bvae::GELU>(4.0);
  check<Features<9>, bvae::Softplus>(8.0);
}

TEST_CASE("Network: gradients through chains are right to 1e-8", "[layers][gradient]") {
  check<bvae::Image<2, 3, 2>, bvae::Flatten, bvae::Linear<9>, bvae::Tanh, bvae::Linear<6>, bvae::SiLU, bvae::Linear<4>,
        bvae::Softplus>();
  check<Features<5>, bvae::GELU, bvae::Linear<8>, bvae::Sigmoid, bvae::Linear<3>>();
  check<Features<6>, bvae::ReLU, bvae::Linear<4>, bvae::Tanh>(0.01);
}

TEST_CASE("check_layers: a gradient that is wrong by a part in 10^6 is seen", "[layers][gradient]") {
  CHECK(bvae::testing::check_layers<Features<5>, SlightlyWrong>().input.relative_error > 1e-8);
}
