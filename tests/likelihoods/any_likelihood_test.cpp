#include "bvae/likelihoods/any_likelihood.hpp"

#include <limits>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

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
  History history = trainer.fit(data, data, {.epochs = 2, .batch_size = 64, .threads = 2},
                                [&](const FitBegin& e) { CHECK(e.run.likelihood == name_of(likelihood)); });
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

TEST_CASE("AnyLikelihood: a likelihood for other images than the model's is refused", "[likelihoods]") {
  const Dataset data = harness::bars(64);
  harness::Model model{Seed{6}};
  Trainer trainer{model, AnyLikelihood<>(Ssim<Image<1, 12, 11>>{}), Kl{}, Constant{1}, Sgd{}};
  CHECK_THROWS_WITH(trainer.fit(data, {.epochs = 1, .batch_size = 32}),
                    ContainsSubstring("ssim is for images of 132 values, the model's have 30"));
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
