#include <cmath>
#include <limits>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"

namespace {

template <class Layer, class Scalar>
void check_nan_stays() {
  // 37 values: whole registers and a rest.
  constexpr bvae::Index kSize = 37;
  using Bound = typename Layer::template Bind<bvae::Features<kSize>>;
  const bvae::Matrix<Scalar> x = bvae::Matrix<Scalar>::Constant(kSize, 1, std::numeric_limits<Scalar>::quiet_NaN());
  bvae::Matrix<Scalar> y = bvae::Matrix<Scalar>::Zero(kSize, 1);
  Bound::forward(bvae::Tensors<const Scalar>(nullptr, nullptr), bvae::ConstView<Scalar>(x.data(), kSize, 1),
                 bvae::View<Scalar>(y.data(), kSize, 1));
  for (bvae::Index i = 0; i < kSize; ++i) CHECK(std::isnan(y(i)));
}

template <class Layer>
void check_nan_stays() {
  check_nan_stays<Layer, float>();
  check_nan_stays<Layer, double>();
}

}  // namespace

// Otherwise training goes on with made-up numbers instead of stopping.
TEST_CASE("Activations: NaN stays NaN", "[layers]") {
  SECTION("ReLU") { check_nan_stays<bvae::ReLU>(); }
  SECTION("LeakyReLU") { check_nan_stays<bvae::LeakyReLU>(); }
  SECTION("ELU") { check_nan_stays<bvae::ELU>(); }
  SECTION("SiLU") { check_nan_stays<bvae::SiLU>(); }
  SECTION("GELU") { check_nan_stays<bvae::GELU>(); }
  SECTION("Tanh") { check_nan_stays<bvae::Tanh>(); }
  SECTION("Sigmoid") { check_nan_stays<bvae::Sigmoid>(); }
  SECTION("Softplus") { check_nan_stays<bvae::Softplus>(); }
}
