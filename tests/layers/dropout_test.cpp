#include "bvae/layers/dropout.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bvae/data/dataset.hpp"
#include "bvae/divergences/kl.hpp"
#include "bvae/layers/residual.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "bvae/training/trainer.hpp"
#include "layers/harness.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;
using bvae_test::same_bits;

namespace {

constexpr Index kFeatures = 1000;

/// What a network makes of ones.
template <class Net, class Scalar = float>
std::vector<Scalar> outputs(Index samples, Mode mode, std::optional<LayerRandom> random, std::uint64_t layer = 0,
                            int threads = 1) {
  bvae::Arena<Scalar> x(static_cast<std::size_t>(Net::Input::kSize * samples), Scalar(1));
  typename Net::template Activations<Scalar> a(samples, x.data(), nullptr, false);
  bvae::Team team(threads);
  team.run([&](const Member& member) {
    Net::template forward<Scalar>(Pass(mode, member, samples, random).from_layer(layer), nullptr, nullptr, a);
  });
  return {a.output(), a.output() + Net::Output::kSize * samples};
}

template <int Percent>
using One = Network<Features<kFeatures>, Dropout<Percent>>;

}  // namespace

TEST_CASE("Dropout: in training values are 0 or divided by 1 - p, as often as p says", "[layers]") {
  const auto check = [](const std::vector<float>& values, double p, float scale) {
    double zeros = 0;
    bool good = true;
    for (const float v : values) {
      zeros += v == 0 ? 1 : 0;
      good = good && (v == 0 || v == scale);
    }
    CHECK(good);
    const auto n = static_cast<double>(values.size());
    CHECK(std::abs(zeros / n - p) < 4 * std::sqrt(p * (1 - p) / n));
  };
  const LayerRandom random{Seed{3}, 7};
  check(outputs<One<50>>(40, Mode::kTraining, random), 0.5, 2.0F);
  check(outputs<One<10>>(40, Mode::kTraining, random), 0.1, 100.0F / 90.0F);
  check(outputs<Network<Features<kFeatures>, BasicDropout<std::ratio<1, 3>>>>(40, Mode::kTraining, random), 1.0 / 3,
        1.5F);
  CHECK(outputs<One<0>>(3, Mode::kTraining, random) == std::vector<float>(3 * kFeatures, 1.0F));
}

TEST_CASE("Dropout: in evaluation, and without random numbers, values stay", "[layers]") {
  const std::vector<float> ones(5 * kFeatures, 1.0F);
  CHECK(outputs<One<50>>(5, Mode::kEvaluation, LayerRandom{}) == ones);
  CHECK(outputs<One<50>>(5, Mode::kEvaluation, {}) == ones);
  CHECK(outputs<One<50>>(5, Mode::kTraining, {}) == ones);
}

TEST_CASE("Dropout: seed, step, layer and sample choose what is 0, threads and batch do not", "[layers][threads]") {
  const auto drop = [](std::uint64_t seed, std::uint64_t step, std::uint64_t layer = 0, int threads = 1) {
    return outputs<One<50>>(20, Mode::kTraining, LayerRandom{Seed{seed}, step}, layer, threads);
  };
  const std::vector<float> one = drop(1, 2);
  CHECK(drop(1, 2) == one);
  CHECK(drop(1, 3) != one);
  CHECK(drop(2, 2) != one);
  CHECK(drop(1, 2, 1) != one);
  for (int threads = 2; threads <= 4; ++threads) CHECK(drop(1, 2, 0, threads) == one);
  const std::vector<float> few = outputs<One<50>>(3, Mode::kTraining, LayerRandom{Seed{1}, 2});
  CHECK(std::equal(few.begin(), few.end(), one.begin()));
  CHECK_FALSE(std::equal(one.begin(), one.begin() + kFeatures, one.begin() + kFeatures));
  const std::vector<double> wide = outputs<One<50>, double>(20, Mode::kTraining, LayerRandom{Seed{1}, 2});
  CHECK(std::equal(wide.begin(), wide.end(), one.begin()));
}

TEST_CASE("Dropout: layers behind each other draw numbers of their own, inside of others too", "[layers]") {
  const LayerRandom random{Seed{3}, 7};
  const auto kept = [&]<class Net>(Net) {
    double sum = 0;
    for (const float v : outputs<Net>(40, Mode::kTraining, random)) sum += v != 0 ? 1 : 0;
    return sum / (40 * kFeatures);
  };
  CHECK(kept(Network<Features<kFeatures>, Dropout<50>, Dropout<50>, Dropout<50>>{}) == Approx(0.125).margin(0.01));
  // 1 - (1/2) (1 - 1/4): the residual's own input, or what is left of it after two more.
  using In = Features<kFeatures>;
  const std::vector<float> values =
      outputs<Network<In, Residual<Dropout<50>, Residual<Dropout<50>>>, Residual<Shortcut<Dropout<50>>, Dropout<50>>>>(
          40, Mode::kTraining, random);
  double sum = 0;
  double zeros = 0;
  for (const float v : values) {
    sum += v;
    zeros += v == 0 ? 1 : 0;
  }
  CHECK(zeros / static_cast<double>(values.size()) == Approx(0.25).margin(0.01));  // both of the last two
  CHECK(sum / static_cast<double>(values.size()) == Approx(2.0 * 3.0).margin(0.1));
}

TEST_CASE("Dropout: gradients are right to 1e-8 with fixed random numbers", "[layers][gradient]") {
  for (const Index samples : {3, 5, 20}) {
    bvae::testing::GradientCheckOptions options;
    options.random = LayerRandom{Seed{5}, 3};
    const auto check = [](const bvae::testing::LayerGradientCheck& result) {
      CHECK(result.input.checked > 0);
      CHECK(result.relative_error() <= 1e-8);
    };
    check(bvae::testing::check_layers<Features<9>, Dropout<30>>(Seed{7}, samples, 0, options));
    check(bvae::testing::check_layers<Features<9>, Linear<20>, Tanh, Dropout<30>, Linear<20>, Dropout<50>, Linear<3>>(
        Seed{7}, samples, 0, options));
    check(bvae::testing::check_layers<Features<9>, Residual<Dropout<30>, Linear<9>, Center, Dropout<30>>>(
        Seed{7}, samples, 0, options));
    check(bvae::testing::check_layers<Features<9>, Dropout<30>, Linear<4>>(Seed{7}, samples));  // the identity
  }
}

TEST_CASE("Dropout: a model trains to the same bits for 1 to 4 threads, other seeds and layers drop others",
          "[layers][threads]") {
  using Model = bvae::Vae<Features<12>, bvae::Encoder<Linear<16>, Tanh, Dropout<20>>, bvae::Latent<3>,
                          bvae::Decoder<Linear<16>, ReLU, Dropout<20>, Residual<Dropout<10>, Linear<16>>, Linear<12>>>;
  Matrix<float> values(12, 150);
  RandomStream(Seed{5}, Stream::kUser).normal(0, std::span<float>(values.data(), 12 * 150));
  const bvae::Dataset data(values);
  const auto run = [&](int threads) {
    Model model{Seed{6}};
    bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{}, bvae::Constant{0.5}, bvae::Adam{}};
    trainer.fit(data, {.epochs = 3, .batch_size = 64, .seed = Seed{9}, .threads = threads});
    return model;
  };
  const Model one = run(1);
  for (int threads = 2; threads <= 4; ++threads) CHECK(same_bits(run(threads).parameters(), one.parameters()));
}

TEST_CASE("Objective: without random numbers nothing is dropped, with them encoder and decoder drop differently",
          "[layers]") {
  using Same = bvae::Vae<Features<64>, bvae::Encoder<Dropout<50>>, bvae::Latent<64>, bvae::Decoder<Dropout<50>>>;
  Same model{Seed{1}};
  std::fill(model.parameters().begin(), model.parameters().end(), 0.0F);
  for (const NamedTensor& tensor : Same::parameter_tensors())  // mu = what the encoder returns
    if (tensor.name == "latent.weight")
      for (Index i = 0; i < 64; ++i)
        model.parameters()[static_cast<std::size_t>(tensor.offset + tensor.info.position(i, i))] = 1.0F;
  const Matrix<float> x = Matrix<float>::Ones(64, 16);
  const Matrix<float> noise = Matrix<float>::Zero(64, 16);
  bvae::Objective<Same, bvae::Gaussian, bvae::Kl> objective(16, {}, {});
  // Reconstruction per feature: (x - y)^2 / 2 with y = 1, or 4 where both keep the value, or 0.
  CHECK(objective.compute(model, x, noise, 1.0).reconstruction == 0);
  objective.draw_from({Seed{2}, 3});
  const double both = objective.compute(model, x, noise, 1.0).reconstruction;
  // If both dropped the same, a half would be kept: 64 / 2 (9 / 2 + 1 / 2) = 160. Else a quarter: 64 (9 + 3) / 8 = 96.
  CHECK(both == Approx(96).margin(15));
  CHECK(objective.compute(model, x, noise, 1.0).reconstruction == both);
  objective.draw_from({Seed{2}, 4});
  CHECK(objective.compute(model, x, noise, 1.0).reconstruction != both);
  CHECK(model.reconstruct(x) == x);  // evaluation
}
