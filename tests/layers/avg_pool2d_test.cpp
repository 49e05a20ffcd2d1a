#include "bvae/layers/avg_pool2d.hpp"

#include <type_traits>
#include <vector>

#include "bvae/layers/max_pool2d.hpp"
#include "bvae/layers/upsample2d.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/chain.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using namespace bvae;
using harness::check_same_bits;
using harness::train;

namespace {
using Picture = Image<3, 7, 5>;
using WidePicture = Image<17, 4, 3>;
}  // namespace

TEST_CASE("AvgPool2d: output and gradient are PyTorch's", "[layers][pytorch]") {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    INFO(name(isa));
    oracle::check_chain<Network<Picture, AvgPool2d<2>>>("AvgPool2d", 3);
    oracle::check_chain<Network<Picture, AvgPool2d<3, 2, 1>>>("AvgPool2d_overlapping", 3);
    oracle::check_chain<Network<WidePicture, AvgPool2d<4, 2, 2>>>("AvgPool2d_wide", 3);
  }
}

TEST_CASE("AvgPool2d: gradients are right to 1e-8", "[layers][gradient]") {
  for (const Index samples : {3, 5, 20}) {
    CHECK((bvae::testing::check_layers<Picture, AvgPool2d<2>>(Seed{7}, samples).relative_error()) <= 1e-8);
    CHECK((bvae::testing::check_layers<Picture, Tanh, AvgPool2d<3, 2, 1>, Tanh>(Seed{8}, samples).relative_error()) <=
          1e-8);
  }
}

TEST_CASE("AvgPool2d: the border counts as zeros", "[layers]") {
  using Bound = AvgPool2d<2, 2, 1>::Bind<Image<1, 2, 2>>;
  static_assert(std::is_same_v<Bound::Output, Image<1, 2, 2>>);
  const std::vector<float> x{4, 8, 12, 16};
  std::vector<float> y(4);
  Bound::forward(Tensors<const float>(nullptr, nullptr), ConstView<float>(x.data(), 4, 1), View<float>(y.data(), 4, 1));
  CHECK(y == std::vector<float>{1, 2, 3, 4});
}

TEST_CASE("Pooling and Upsample2d: the same bits for all instruction sets and 1 to 4 threads", "[layers][threads]") {
  using Net = Network<Image<19, 7, 6>, MaxPool2d<3, 1, 1>, Tanh, Upsample2d<2>, AvgPool2d<3, 2, 1>, MaxPool2d<2>,
                      Flatten, Linear<3>>;
  const harness::Results<float> one = train<Net, float>(1, 19, 19, true);
  for (int threads = 2; threads <= 4; ++threads) check_same_bits(train<Net, float>(threads, 19, 19, true), one);
  if (bvae_test::fused_isas().empty()) return;
  const harness::Results<float> fused = [] {
    const bvae_test::UsingIsa using_isa(bvae_test::fused_isas().front());
    return train<Net, float>(1, 19, 19, true);
  }();
  for (const bvae::Isa isa : bvae_test::compared_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    INFO(name(isa));
    check_same_bits(train<Net, float>(2, 19, 19, true), fused);
  }
}
