#include "bvae/layers/batch_norm.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include "layers/normalization_harness.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;
using bvae_test::same_bits;
using harness::OneLayer;

static_assert(bvae::BatchLayer<BatchNorm::Bind<Features<3>>> &&
              bvae::BatchLayer<BatchNorm::Bind<Image<3, 2, 2>>, double>);
static_assert(BatchNorm::Bind<Features<3>>::kLeastSamples == 2 && BatchNorm::Bind<Image<3, 1, 1>>::kLeastSamples == 2);
static_assert(BatchNorm::Bind<Image<3, 2, 2>>::kLeastSamples == 1);
static_assert(Network<Features<3>, Linear<2>>::kLeastSamples == 1 &&
              Network<Features<3>, BatchNorm>::kLeastSamples == 2);

TEST_CASE("BatchNorm: gradients are right to 1e-8", "[layers][gradient]") {
  harness::check_gradients<Features<5>, BatchNorm>();
  harness::check_gradients<Image<3, 2, 5>, BatchNorm>();
  harness::check_gradients<Image<17, 1, 2>, BatchNorm>();
  harness::check_gradients<Features<4>, Linear<6>, BatchNorm, Tanh, Linear<3>, BatchNorm, Linear<2>>();
}

TEST_CASE("BatchNorm: gradients are right to 1e-8 in evaluation too, where the statistics are constants",
          "[layers][gradient]") {
  harness::check_gradients<Features<5>, BatchNorm>(Mode::kEvaluation);
  harness::check_gradients<Image<3, 2, 5>, BatchNorm>(Mode::kEvaluation);
  harness::check_gradients<Features<4>, Linear<6>, BatchNorm, Tanh, Residual<Linear<6>, BatchNorm>, Linear<2>>(
      Mode::kEvaluation);
}

TEST_CASE("BatchNorm: the same bits for any number of threads, instruction set and workspace", "[layers][threads]") {
  harness::check_bits<Network<Features<21>, Linear<33>, BatchNorm, ReLU, Linear<5>, BatchNorm>>();
  harness::check_bits<Network<Image<3, 3, 5>, BatchNorm, BatchNorm>>();
}

TEST_CASE("BatchNorm: in training each channel has mean bias and variance weight^2", "[layers]") {
  using Net = Network<Image<3, 2, 3>, BatchNorm>;
  OneLayer<Net> layer(19);
  for (double& x : layer.input) x = 4 * x + 7;
  layer.parameters[1] = 2;    // weight of channel 1
  layer.parameters[16] = -1;  // bias of channel 0
  const auto y = layer.forward(Mode::kTraining);
  for (Index c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (Index i = c; i < y.size(); i += 3) {
      sum += y.data()[i];
      squares += y.data()[i] * y.data()[i];
    }
    const double mean = sum / (19 * 6), variance = squares / (19 * 6) - mean * mean;
    CHECK(mean == Approx(c == 0 ? -1 : 0).margin(1e-12));
    CHECK(variance == Approx(c == 1 ? 4 : 1).epsilon(1e-5));
  }
}

TEST_CASE("BatchNorm: evaluation uses the running statistics, leaves them, and knows each sample alone", "[layers]") {
  using Net = Network<Features<2>, BatchNorm>;
  OneLayer<Net> layer(12);
  CHECK(layer.state[16] == 1);  // running_var starts at 1
  layer.forward(Mode::kTraining);
  CHECK(layer.state[32] == 1);  // num_batches_tracked
  layer.state[0] = 0.5;
  layer.state[16] = 4 - 1e-5;
  const auto before = layer.state;
  const auto y = layer.forward(Mode::kEvaluation);
  for (Index i = 0; i < 12; ++i)
    CHECK(y(0, i) == Approx((layer.input[static_cast<std::size_t>(2 * i)] - 0.5) / 2).margin(1e-14));
  CHECK(same_bits(layer.state, before));
  OneLayer<Net> single(1);
  single.state = before;
  CHECK(single.forward(Mode::kEvaluation)(0, 0) == y(0, 0));
}

TEST_CASE("BatchNorm: running statistics follow with momentum 0.1, the variance without bias", "[layers]") {
  using Net = Network<Features<1>, BatchNorm>;
  OneLayer<Net> layer(4);
  for (std::size_t i = 0; i < 4; ++i) layer.input[i] = static_cast<double>(i);  // mean 1.5, sum of squares 5
  layer.forward(Mode::kTraining);
  CHECK(layer.state[0] == Approx(0.15).epsilon(1e-14));
  CHECK(layer.state[16] == Approx(0.9 + 0.1 * 5 / 3).epsilon(1e-14));
  layer.forward(Mode::kTraining);
  CHECK(layer.state[0] == Approx(0.9 * 0.15 + 0.15).epsilon(1e-14));
  CHECK(layer.state[32] == 2);
  using Quick = Network<Features<1>, BasicBatchNorm<std::ratio<1>>>;
  OneLayer<Quick> quick(4);
  quick.input = layer.input;
  quick.forward(Mode::kTraining);
  CHECK(quick.state[0] == 1.5);
}

TEST_CASE("BatchNorm: a large mean and many values cost no digits", "[layers]") {
  constexpr Index kSamples = 4000;
  using Net = Network<Features<1>, BatchNorm>;
  Arena<float> x(kSamples), dx(kSamples), p(static_cast<std::size_t>(Net::kParameters)),
      state(static_cast<std::size_t>(Net::kState));
  Net::initialize(p.data(), Seed{}, 0);
  Net::initialize_state(p.data(), state.data(), Seed{}, 0);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1000.0F + (i % 2 == 0 ? 0.5F : -0.5F);  // mean 1000, variance 1/4
  const Net::Activations<float> a(kSamples, x.data(), dx.data());
  Net::forward(Pass(Mode::kTraining, {}, kSamples), p.data(), state.data(), a);
  CHECK(state[0] == 100.0F);
  CHECK(state[16] == Approx(0.9 + 0.1 * 0.25 * 4000 / 3999).epsilon(1e-7));
  CHECK(a.output()[0] == Approx(0.5 / std::sqrt(0.25 + 1e-5)).epsilon(1e-6));
  CHECK(a.output()[3999] == -a.output()[0]);
}

TEST_CASE("BatchNorm: one value for each channel is an error in training, on every thread, not in evaluation",
          "[layers][errors]") {
  for (const int threads : {1, 2}) {
    CHECK_THROWS_AS((harness::train<Network<Features<3>, BatchNorm>, float>(threads, 1, 1, true)),
                    std::invalid_argument);
    CHECK_NOTHROW(harness::train<Network<Image<3, 1, 2>, BatchNorm>, float>(threads, 1, 1, true));
  }
}

namespace {

using Model = Vae<Features<6>, Encoder<Linear<8>, BatchNorm, ReLU>, Latent<2>,
                  Decoder<SpectralNorm<Linear<8>>, BatchNorm, Linear<6>>>;

Dataset noise(Index samples) {
  Matrix<float> values(6, samples);
  RandomStream(Seed{5}, Stream::kUser)
      .uniform(0, std::span<float>(values.data(), static_cast<std::size_t>(6 * samples)));
  return Dataset(values);
}

}  // namespace

TEST_CASE("Trainer: a batch of one sample is refused before the run begins where a layer cannot take it",
          "[training][errors]") {
  Model model{Seed{1}};
  const Model before = model;
  Trainer trainer{model, Bernoulli{}, Kl{}, Constant{}, Adam{}};
  int events = 0;
  const auto count = [&](const FitBegin&) { ++events; };
  CHECK_THROWS_AS(trainer.fit(noise(20), {.epochs = 1, .batch_size = 1}, count), std::invalid_argument);
  CHECK_THROWS_WITH(trainer.fit(noise(21), {.epochs = 1, .batch_size = 10}, count),
                    ContainsSubstring("BatchNorm") && ContainsSubstring("21") && ContainsSubstring("one of 1"));
  CHECK(events == 0);
  CHECK(same_bits(model.parameters(), before.parameters()));
  CHECK(same_bits(model.state(), before.state()));
  CHECK_NOTHROW(trainer.fit(noise(22), {.epochs = 1, .batch_size = 10}, count));
  CHECK_FALSE(same_bits(model.state(), before.state()));
}

TEST_CASE("Trainer: after a step that diverges the state is that from before it", "[training][errors]") {
  for (const int threads : {1, 2}) {
    Model model{Seed{1}};
    Arena<float> parameters, state;
    Trainer trainer{model, Bernoulli{}, Kl{}, Constant{}, Adam{}};
    const auto poison = [&](const StepEnd& e) {
      if (e.step == 3) model.parameters()[0] = std::numeric_limits<float>::quiet_NaN();
      parameters = model.parameters();
      state = model.state();
    };
    try {
      trainer.fit(noise(64), {.epochs = 1, .batch_size = 16, .threads = threads}, poison);
      FAIL("NaN must be found");
    } catch (const DivergedError& error) {
      CHECK(error.step() == 4);
    }
    CHECK(same_bits(model.parameters(), parameters));
    CHECK(same_bits(model.state(), state));
    for (const float value : model.state()) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("Trainer: a model with all normalisations trains to the same bits for 1, 2, 3 and 4 threads",
          "[training][threads]") {
  using All = Vae<Image<2, 3, 2>,
                  Encoder<BatchNorm, GroupNorm<2>, Flatten, SpectralNorm<Linear<18>>, LayerNorm, ReLU, Linear<16>,
                          BatchNorm, GroupNorm<4>, ReLU>,
                  Latent<2>, Decoder<Linear<16>, BatchNorm, ReLU, SpectralNorm<Linear<12>>>>;
  Matrix<float> values(12, 75);
  RandomStream(Seed{5}, Stream::kUser).uniform(0, std::span<float>(values.data(), 12 * 75));
  const Dataset data(values);
  const auto run = [&](int threads) {
    All model{Seed{6}};
    Trainer trainer{model, Bernoulli{}, Kl{}, Constant{0.5}, Adam{.learning_rate = 1e-2}};
    const History history = trainer.fit(data, data, {.epochs = 3, .batch_size = 20, .threads = threads});
    CHECK(history.epochs.back().train.objective < history.epochs.front().train.objective);
    CHECK(std::isfinite(history.epochs.back().validation->elbo()));
    return model;
  };
  const All one = run(1);
  for (int threads = 2; threads <= 4; ++threads) {
    const All many = run(threads);
    CHECK(same_bits(many.parameters(), one.parameters()));
    CHECK(same_bits(many.state(), one.state()));
  }
}
