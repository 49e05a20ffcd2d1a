#include "bvae/layers/upsample2d.hpp"

#include <type_traits>

#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/chain.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using namespace bvae;

TEST_CASE("Upsample2d: output and gradient are PyTorch's", "[layers][pytorch]") {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    INFO(name(isa));
    oracle::check_chain<Network<Image<3, 7, 5>, Upsample2d<2>>>("Upsample2d", 3);
    oracle::check_chain<Network<Image<17, 1, 2>, Upsample2d<3>>>("Upsample2d_wide", 3);
  }
}

TEST_CASE("Upsample2d: gradients are right to 1e-8", "[layers][gradient]") {
  for (const Index samples : {3, 5, 20})
    CHECK((bvae::testing::check_layers<Image<3, 2, 4>, Tanh, Upsample2d<3>, Tanh>(Seed{7}, samples).relative_error()) <=
          1e-8);
}

TEST_CASE("Upsample2d: shapes", "[layers]") {
  static_assert(std::is_same_v<Upsample2d<2>::Bind<Image<3, 7, 5>>::Output, Image<3, 14, 10>>);
  static_assert(std::is_same_v<Upsample2d<1>::Bind<Image<3, 7, 5>>::Output, Image<3, 7, 5>>);
  SUCCEED();
}
