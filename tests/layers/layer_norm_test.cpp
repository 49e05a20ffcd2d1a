#include "bvae/layers/layer_norm.hpp"

#include <cmath>

#include "layers/normalization_harness.hpp"
#include "support/catch.hpp"

using namespace bvae;
using harness::OneLayer;

static_assert(bvae::BatchLayer<LayerNorm::Bind<Features<3>>> && !bvae::SampleLayer<LayerNorm::Bind<Features<3>>>);

TEST_CASE("LayerNorm: gradients are right to 1e-8", "[layers][gradient]") {
  harness::check_gradients<Features<5>, LayerNorm>();
  harness::check_gradients<Features<35>, LayerNorm>();
  harness::check_gradients<Image<3, 2, 4>, LayerNorm>();
  harness::check_gradients<Features<4>, Linear<6>, LayerNorm, Tanh, Linear<3>, LayerNorm, Linear<2>>();
}

TEST_CASE("LayerNorm: the same bits for any number of threads, instruction set and workspace", "[layers][threads]") {
  harness::check_bits<Network<Features<21>, Linear<33>, LayerNorm, ReLU, Linear<50>, LayerNorm>>();
  harness::check_bits<Network<Image<3, 3, 5>, LayerNorm>>();
}

TEST_CASE("LayerNorm: each sample has mean 0 and variance 1, in training and in evaluation", "[layers]") {
  using Net = Network<Image<3, 2, 3>, LayerNorm>;
  static_assert(Net::kState == 0 && Net::kLeastSamples == 1);
  OneLayer<Net> layer(1);
  for (double& x : layer.input) x = 4 * x + 7;
  const Matrix<double> y = layer.forward(Mode::kTraining);
  CHECK(y.mean() == Approx(0).margin(1e-12));
  CHECK(y.squaredNorm() / 18 == Approx(1).epsilon(1e-5));
  CHECK(layer.forward(Mode::kEvaluation) == y);
}

TEST_CASE("LayerNorm: tensors have the sample's shape, and the order of its pixels", "[layers]") {
  const auto image = Network<Image<3, 2, 4>, LayerNorm>::parameter_tensors("n", 0);
  REQUIRE(image.size() == 2);
  CHECK(image[0].name == "n.0.weight");
  CHECK(image[0].info.rank == 3);
  CHECK(image[0].info.extents[1] == 2);
  CHECK(image[0].info.rows() == 24);
  CHECK(image[0].info.columns() == 1);
  CHECK(image[0].info.position(5) == 5);
  CHECK(image[1].offset == 32);
  const auto flat = Network<Image<3, 2, 4>, Flatten, LayerNorm>::parameter_tensors("n", 0);
  CHECK(flat[0].info.rank == 1);
  CHECK(flat[0].info.order[0].height == 2);
}
