#include "bvae/models/output_bias.hpp"

#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/conv_transpose2d.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/spectral_norm.hpp"
#include "bvae/layers/unflatten.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/models/vae.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using namespace bvae;

namespace {

constexpr Index kSamples = 300;

/// Feature f is 1 in a part f / 12 of the samples.
bvae::Dataset binary(ImageExtents extents) {
  Matrix<float> x(12, kSamples);
  for (Index s = 0; s < kSamples; ++s)
    for (Index f = 0; f < 12; ++f) x(f, s) = 12 * s < f * kSamples ? 1.0F : 0.0F;
  return bvae::Dataset(x, extents);
}

double logit(double p) { return std::log(p / (1 - p)); }

/// What the decoder returns where its last layer's inputs are 0.
template <class Model>
Matrix<typename Model::Scalar> at_zero(Model& model, const char* weight) {
  for (const NamedTensor& tensor : Model::parameter_tensors())
    if (tensor.name == weight)
      for (Index r = 0; r < tensor.info.extents[0]; ++r)
        for (Index c = 0; c < tensor.info.size() / tensor.info.extents[0]; ++c)
          model.parameters()[static_cast<std::size_t>(tensor.offset + tensor.info.position(r, c))] = 0;
  return model.decode(Matrix<typename Model::Scalar>::Ones(Model::kLatents, 1));
}

}  // namespace

TEST_CASE("set_output_bias: each feature's logit, in [0.001, 0.999], for a last Linear", "[models][initializers]") {
  const auto check = [](auto model, const char* weight) {
    const bvae::Arena<float> before = model.parameters();
    set_output_bias(model, binary({2, 2, 3}), bvae::Bernoulli{});
    Index changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != model.parameters()[i] ? 1 : 0;
    CHECK(changed == 12);
    const Matrix<float> y = at_zero(model, weight);
    CHECK(y(0, 0) == Approx(logit(0.001)).epsilon(1e-6));
    for (Index f = 1; f < 12; ++f) CHECK(y(f, 0) == Approx(logit(static_cast<double>(f) / 12)).margin(1e-6));
  };
  using Picture = Image<2, 2, 3>;
  using Code = bvae::Encoder<Flatten, Linear<5>>;
  check(bvae::Vae<Picture, Code, bvae::Latent<3>, bvae::Decoder<Linear<7>, ReLU, Linear<12>>>{}, "decoder.2.weight");
  check(bvae::Vae<Picture, Code, bvae::Latent<3>, bvae::Decoder<Linear<12>, Unflatten<Picture>>>{}, "decoder.0.weight");
}

TEST_CASE("set_output_bias: the mean of all pixels of a channel where there is a bias for each channel",
          "[models][initializers]") {
  using Picture = Image<2, 2, 3>;
  const auto check = []<class Last>(std::type_identity<Last>) {
    bvae::Vae<Picture, bvae::Encoder<Flatten, Linear<5>>, bvae::Latent<3>,
              bvae::Decoder<Linear<12>, Unflatten<Picture>, Last>>
        model;
    const bvae::Arena<float> before = model.parameters();
    set_output_bias(model, binary({2, 2, 3}), bvae::Bernoulli{});
    Index changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != model.parameters()[i] ? 1 : 0;
    CHECK(changed == 2);
    for (const NamedTensor& tensor : model.parameter_tensors())
      if (tensor.name == "decoder.0.bias")
        for (Index i = 0; i < 12; ++i) bvae_test::at(model.parameters(), tensor, i) = 0;
    const Matrix<float> y = at_zero(model, "decoder.0.weight");  // the last layer sees zeros
    for (Index pixel = 0; pixel < 6; ++pixel) {
      CHECK(y(2 * pixel, 0) == Approx(logit((0 + 2 + 4 + 6 + 8 + 10) / 72.0)).epsilon(1e-6));
      CHECK(y(2 * pixel + 1, 0) == Approx(logit((1 + 3 + 5 + 7 + 9 + 11) / 72.0)).margin(1e-6));
    }
  };
  check(std::type_identity<Conv2d<2, 3, 1, 1>>{});
  check(std::type_identity<ConvTranspose2d<2, 3, 1, 1>>{});
  check(std::type_identity<SpectralNorm<Conv2d<2, 3, 1, 1>>>{});
  check(std::type_identity<SpectralNorm<ConvTranspose2d<2, 3, 1, 1>>>{});
}

TEST_CASE("set_output_bias: each feature's logit for a last SpectralNorm<Linear>", "[models][initializers]") {
  bvae::Vae<Image<2, 2, 3>, bvae::Encoder<Flatten, Linear<5>>, bvae::Latent<3>, bvae::Decoder<SpectralNorm<Linear<12>>>>
      model;
  set_output_bias(model, binary({2, 2, 3}), bvae::Bernoulli{});
  const Matrix<float> y = model.decode(Matrix<float>::Zero(3, 1));
  for (Index f = 1; f < 12; ++f) CHECK(y(f, 0) == Approx(logit(static_cast<double>(f) / 12)).margin(1e-6));
}

TEST_CASE("set_output_bias: the mean itself for Gaussian; bytes; doubles", "[models][initializers]") {
  bvae::Vae<Features<4>, bvae::Encoder<Linear<5>>, bvae::Latent<3>, bvae::Decoder<Linear<4>>, double> model;
  set_output_bias(model, bvae::Dataset::from_bytes({0, 51, 255, 10, 51, 51, 255, 20}, {1, 1, 4}), bvae::Gaussian{});
  const Matrix<double> y = at_zero(model, "decoder.0.weight");
  CHECK(y(0, 0) == Approx(0.1));
  CHECK(y(1, 0) == Approx(0.2));
  CHECK(y(2, 0) == 1.0);
  CHECK(y(3, 0) == Approx(15.0 / 255));
}

TEST_CASE("set_output_bias: a likelihood of one's own says what its mean needs", "[models][initializers]") {
  struct Shifted : bvae::Gaussian {
    static double output_for_mean(double mean) { return mean - 5; }
  };
  bvae::Vae<Features<4>, bvae::Encoder<Linear<5>>, bvae::Latent<3>, bvae::Decoder<Linear<4>>> model;
  set_output_bias(model, bvae::Dataset(Matrix<float>(Matrix<float>::Constant(4, 3, 6.0F))), Shifted{});
  CHECK(at_zero(model, "decoder.0.weight")(2, 0) == 1.0F);
}

TEST_CASE("set_output_bias: data that do not fit are refused", "[models][initializers]") {
  bvae::Vae<Features<4>, bvae::Encoder<Linear<5>>, bvae::Latent<3>, bvae::Decoder<Linear<4>>> model;
  CHECK_THROWS_AS(set_output_bias(model, binary({1, 1, 12}), bvae::Bernoulli{}), std::invalid_argument);
  bvae::Vae<Image<2, 2, 3>, bvae::Encoder<Flatten, Linear<5>>, bvae::Latent<3>, bvae::Decoder<Linear<12>>> images;
  CHECK_THROWS_WITH(set_output_bias(images, binary({2, 3, 2}), bvae::Bernoulli{}),
                    ContainsSubstring("images of 2 x 3 x 2"));
  CHECK_NOTHROW(set_output_bias(images, binary({1, 1, 12}), bvae::Bernoulli{}));  // a plain matrix
  const bvae::Dataset negative(Matrix<float>(Matrix<float>::Constant(4, 3, -1.0F)));
  CHECK_THROWS_AS(set_output_bias(model, negative, bvae::Bernoulli{}), std::invalid_argument);
  CHECK_NOTHROW(set_output_bias(model, negative, bvae::Gaussian{}));
}
