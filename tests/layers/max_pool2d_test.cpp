#include "bvae/layers/max_pool2d.hpp"

#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/chain.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using namespace bvae;

namespace {
using Picture = Image<3, 7, 5>;
using WidePicture = Image<17, 4, 3>;
}  // namespace

TEST_CASE("MaxPool2d: output and gradient are PyTorch's", "[layers][pytorch]") {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    INFO(name(isa));
    oracle::check_chain<Network<Picture, MaxPool2d<2>>>("MaxPool2d", 3);
    oracle::check_chain<Network<Picture, MaxPool2d<3, 2, 1>>>("MaxPool2d_overlapping", 3);
    oracle::check_chain<Network<Picture, MaxPool2d<3, 1, 1>>>("MaxPool2d_ties", 3, 2);
    oracle::check_chain<Network<WidePicture, MaxPool2d<4, 2, 2>>>("MaxPool2d_wide", 3);
  }
}

TEST_CASE("MaxPool2d: gradients are right to 1e-8", "[layers][gradient]") {
  for (const Index samples : {3, 5, 20}) {
    // A small step, so that no other value becomes the largest.
    const bvae::testing::GradientCheckOptions options{.step = 1e-5};
    CHECK((bvae::testing::check_layers<Picture, MaxPool2d<2>>(Seed{7}, samples, 0, options).relative_error()) <= 1e-8);
    CHECK((bvae::testing::check_layers<Picture, MaxPool2d<3, 2, 1>, Tanh>(Seed{8}, samples, 0, options)
               .relative_error()) <= 1e-8);
  }
}

TEST_CASE("MaxPool2d: shapes, as many windows as fit", "[layers]") {
  static_assert(std::is_same_v<MaxPool2d<2>::Bind<Picture>::Output, Image<3, 3, 2>>);
  static_assert(std::is_same_v<MaxPool2d<3, 2, 1>::Bind<Picture>::Output, Image<3, 4, 3>>);
  static_assert(std::is_same_v<MaxPool2d<5, 1>::Bind<Picture>::Output, Image<3, 3, 1>>);
  SUCCEED();
}

TEST_CASE("MaxPool2d: the first of the largest gets the gradient, NaN stays", "[layers]") {
  using Bound = MaxPool2d<2>::Bind<Image<1, 2, 2>>;
  const Tensors<const float> none(nullptr, nullptr);
  const auto run = [&](std::vector<float> x, std::vector<float>& dx) {
    float y = 0;
    const float dy = 3;
    Bound::forward(none, ConstView<float>(x.data(), 4, 1), View<float>(&y, 1, 1));
    Bound::backward(none, ConstView<float>(x.data(), 4, 1), ConstView<float>(&y, 1, 1), ConstView<float>(&dy, 1, 1),
                    View<float>(dx.data(), 4, 1));
    return y;
  };
  std::vector<float> dx(4, -1.0F);
  CHECK(run({1, 5, 5, 5}, dx) == 5);
  CHECK(dx == std::vector<float>{0, 3, 0, 0});
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECK(run({-kInfinity, -kInfinity, -kInfinity, -kInfinity}, dx) == -kInfinity);
  CHECK(dx == std::vector<float>{3, 0, 0, 0});
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<float> x{1, 2, 3, 4};
    x[i] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(run(x, dx)));
  }
}
