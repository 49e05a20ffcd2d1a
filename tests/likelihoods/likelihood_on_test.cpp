#include "bvae/likelihoods/likelihood_on.hpp"

#include <vector>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"

using namespace bvae;

TEST_CASE("LikelihoodOn: blocks are the channels of an image, otherwise all features", "[likelihoods]") {
  STATIC_REQUIRE(LikelihoodOn<GaussianPerPixel, Image<3, 4, 5>, Image<6, 4, 5>>::kBlock == 3);
  STATIC_REQUIRE(LikelihoodOn<GaussianPerPixel, Image<3, 4, 5>, Features<120>>::kBlock == 60);
  STATIC_REQUIRE(LikelihoodOn<GaussianPerPixel, Features<7>, Features<14>>::kBlock == 7);
  STATIC_REQUIRE(BlockLikelihood<GaussianPerPixel>);
  STATIC_REQUIRE_FALSE(BlockLikelihood<Bernoulli>);
  STATIC_REQUIRE(BatchLikelihood<OptimalGaussian>);
  STATIC_REQUIRE_FALSE(BatchLikelihood<Gaussian>);
  STATIC_REQUIRE(Likelihood<Laplace> && Likelihood<ContinuousBernoulli> && Likelihood<LearnedGaussian>);
  STATIC_REQUIRE(LikelihoodOn<Ssim<Image<1, 12, 11>>, Features<132>, Features<132>>::kBlock == 132);
}

TEST_CASE("LikelihoodOn: means come from their blocks, log variances stay out of the image", "[likelihoods]") {
  Matrix<float> output(12, 2);  // two channels, three pixels
  for (Index i = 0; i < 24; ++i) output.data()[i] = static_cast<float>(i);
  Matrix<float> features = output;
  LikelihoodOn<GaussianPerPixel, Image<2, 1, 3>, Image<4, 1, 3>>::mean(GaussianPerPixel{},
                                                                       View<float>(output.data(), 12, 2));
  for (Index s = 0; s < 2; ++s)
    for (Index i = 0; i < 6; ++i) CHECK(output(i, s) == static_cast<float>(12 * s + i / 2 * 4 + i % 2));
  LikelihoodOn<GaussianPerPixel, Image<2, 1, 3>, Features<12>>::mean(GaussianPerPixel{},
                                                                     View<float>(features.data(), 12, 2));
  CHECK(features(5, 1) == 17);
}
