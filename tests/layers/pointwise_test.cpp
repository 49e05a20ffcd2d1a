#include "bvae/layers/pointwise.hpp"

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"

namespace {

// As in the comment of PointwiseBind.
struct Square {
  template <bvae::Shape In>
  struct Bind : bvae::PointwiseBind<Square, In> {};

  template <class Scalar>
  static void forward(bvae::Index n, const Scalar* x, Scalar* y) {
    for (bvae::Index i = 0; i < n; ++i) y[i] = x[i] * x[i];
  }
  template <class Scalar>
  static void backward(bvae::Index n, const Scalar* x, const Scalar*, const Scalar* dy, Scalar* dx) {
    for (bvae::Index i = 0; i < n; ++i) dx[i] = 2 * x[i] * dy[i];
  }
};

}  // namespace

TEST_CASE("PointwiseBind: an activation of one's own works in a network", "[layers][gradient]") {
  using bvae::Features;
  CHECK(bvae::testing::check_layers<Features<5>, Square, bvae::Linear<4>, Square>().relative_error() <= 1e-8);
}

TEST_CASE("Activations: tell a network what they compute", "[layers]") {
  using bvae::Features;
  using bvae::kernels::Activation;
  using LeakyReLU = bvae::BasicLeakyReLU<std::ratio<1, 4>>::Bind<Features<3>>;
  static_assert(bvae::ReLU::Bind<Features<3>>::kActivation == Activation::kReLU);
  static_assert(LeakyReLU::kActivation == Activation::kLeakyReLU);
  CHECK(LeakyReLU::activation_parameter<float>() == 0.25f);
  CHECK(bvae::LeakyReLU::Bind<Features<3>>::activation_parameter<double>() == 0.01);
}
