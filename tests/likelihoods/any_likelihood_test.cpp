#include "bvae/likelihoods/any_likelihood.hpp"

#include <limits>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "training/harness.hpp"

using namespace bvae;
using bvae_test::same_bits;

namespace {

template <class L>
std::pair<harness::Model, History> train(const L& likelihood) {
  const Dataset data = harness::bars(150);
  harness::Model model{Seed{6}};
  Trainer trainer{model, likelihood, Kl{}, Constant{0.5}, Adam{.learning_rate = 1e-2}};
  History history = trainer.fit(data, data, {.epochs = 2, .batch_size = 64, .threads = 2}, [&](const FitBegin& e) {
    CHECK(e.run.likelihood == name_of(likelihood));
    CHECK(e.run.likelihood_is_density);
  });
  return {std::move(model), std::move(history)};
}

template <class L>
void check(const L& likelihood) {
  INFO(L::kName);
  const AnyLikelihood<> any = likelihood;
  CHECK(any.name() == L::kName);
  const auto [model, history] = train(likelihood);
  const auto [other, other_history] = train(any);
  CHECK(same_bits(model.parameters(), other.parameters()));
  for (std::size_t e = 0; e < history.epochs.size(); ++e) {
    CHECK(history.epochs[e].train.objective == other_history.epochs[e].train.objective);
    CHECK(history.epochs[e].validation->elbo() == other_history.epochs[e].validation->elbo());
    CHECK(history.epochs[e].validation->constant == other_history.epochs[e].validation->constant);
  }
  CHECK(any.output_for_mean(0.3) == output_for_mean(likelihood, 0.3));
  const Matrix<float> x = harness::bars(5).template columns<float>(0, 5);
  CHECK(model.reconstruct(x, likelihood) == model.reconstruct(x, any));
}

struct Broken {
  static constexpr std::string_view kName = "broken";
  static constexpr Index kOutputsPerFeature = 1;
  template <class Scalar>
  void operator()(ConstView<Scalar>, ConstView<Scalar>, Scalar, std::span<double> values, View<Scalar> gradient) const {
    for (double& value : values) value = std::numeric_limits<double>::quiet_NaN();
    gradient.setZero();
  }
  template <class Scalar>
  void mean(View<Scalar>) const {}
  void check_targets(double, double) const {}
};

}  // namespace

TEST_CASE("AnyLikelihood: the bits of the likelihood inside", "[likelihoods]") {
  check(Bernoulli{});
  check(Gaussian{.sigma = 0.3});
  check(Laplace{.scale = 0.2});
  check(ContinuousBernoulli{});
  check(OptimalGaussian{});
}

TEST_CASE("AnyLikelihood: a likelihood for other images than the model's is refused before the run begins",
          "[likelihoods]") {
  const Dataset data = harness::bars(64);
  harness::Model model{Seed{6}};
  int events = 0;
  bool is_density = true;
  const auto fit = [&](const AnyLikelihood<>& likelihood) {
    Trainer trainer{model, likelihood, Kl{}, Constant{1}, Sgd{}};
    trainer.fit(data, {.epochs = 1, .batch_size = 32}, [&](const FitBegin& e) {
      ++events;
      is_density = e.run.likelihood_is_density;
    });
  };
  CHECK_THROWS_WITH(fit(Ssim<Image<1, 12, 11>>{}),
                    ContainsSubstring("ssim is for images of 1 x 12 x 11, the model takes images of 1 x 6 x 5"));
  const auto perceptual = []<class In>(std::type_identity<In>) {
    using Net = TrainedNetwork<Network<In, Flatten, Linear<2>>>;
    return AnyLikelihood<>(Perceptual<Gaussian, Net, 1>(Net{Seed{1}}));
  };
  // As many values, in other rows.
  CHECK_THROWS_WITH(fit(perceptual(std::type_identity<Image<1, 5, 6>>{})),
                    ContainsSubstring("perceptual is for images of 1 x 5 x 6, the model takes images of 1 x 6 x 5"));
  CHECK(events == 0);
  const AnyLikelihood<> fits = perceptual(std::type_identity<Image<1, 6, 5>>{});
  CHECK_NOTHROW(fit(fits));
  CHECK(events == 1);
  CHECK_FALSE(is_density);
  // Called by hand, too.
  const Matrix<float> x = Matrix<float>::Zero(30, 1);
  Matrix<float> gradient(30, 1);
  std::vector<double> values(1);
  CHECK_THROWS_AS(AnyLikelihood<>(Ssim<Image<1, 12, 11>>{})({x.data(), 30, 1}, {x.data(), 30, 1}, 1.0F, values,
                                                            {gradient.data(), 30, 1}),
                  std::invalid_argument);
  CHECK_NOTHROW(fits.check_input<Features<30>>());
  CHECK_THROWS_WITH(fits.check_input<Features<31>>(), ContainsSubstring("the model takes 31 features"));
  CHECK_NOTHROW(AnyLikelihood<>(Gaussian{}).check_input<Features<31>>());
}

TEST_CASE("is_density: Perceptual and structural similarity are none, alone or held", "[likelihoods]") {
  static_assert(is_density(Bernoulli{}) && is_density(LearnedGaussian{}) && is_density(Broken{}));
  static_assert(!is_density(Ssim<Image<1, 12, 11>>{}) && !is_density(MsSsim<Image<1, 12, 11>, 1>{}));
  static_assert(!Perceptual<Bernoulli, TrainedNetwork<Network<Features<3>, Linear<2>>>, 0>::kIsDensity);
  CHECK(AnyLikelihood<>(Gaussian{}).is_density());
  CHECK_FALSE(AnyLikelihood<>(Ssim<Image<1, 12, 11>>{}).is_density());
}

TEST_CASE("AnyLikelihood: refuses what the likelihood inside refuses", "[likelihoods]") {
  CHECK_THROWS_AS(AnyLikelihood<>(Gaussian{.sigma = 0}), std::invalid_argument);
  CHECK_THROWS_AS(AnyLikelihood<>(Bernoulli{}).check_targets(0, 2), std::invalid_argument);
  CHECK_THROWS_AS(AnyLikelihood<>(Broken{}).output_for_mean(0.5), std::logic_error);
  CHECK_NOTHROW(AnyLikelihood<>(Gaussian{}).check_targets(0, 2));
}

TEST_CASE("AnyLikelihood: a loss that is not finite names the likelihood inside", "[likelihoods]") {
  const Dataset data = harness::bars(64);
  harness::Model model{Seed{6}};
  Trainer trainer{model, AnyLikelihood<>(Broken{}), Kl{}, Constant{1}, Sgd{}};
  CHECK_THROWS_WITH(trainer.fit(data, {.epochs = 1, .batch_size = 32}), ContainsSubstring("broken (reconstruction)"));
}
