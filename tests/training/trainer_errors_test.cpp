#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"
#include "training/harness.hpp"

using namespace bvae;
using bvae_test::same_bits;
using harness::bars;
using harness::Model;
using harness::trainer_of;

namespace {

/// A finite loss whose gradient is not.
struct Cliff {
  static constexpr std::string_view kName = "cliff";
  static constexpr Index kOutputsPerFeature = 1;
  template <class Scalar>
  void operator()(ConstView<Scalar> x, ConstView<Scalar>, Scalar, std::span<double> values,
                  View<Scalar> gradient) const {
    for (Index s = 0; s < x.cols(); ++s) values[static_cast<std::size_t>(s)] = 1;
    gradient.setConstant(Scalar(0.125));
    gradient(3, 0) = std::numeric_limits<Scalar>::infinity();
  }
  template <class Scalar>
  void mean(View<Scalar>) const {}
  void check_targets(double, double) const {}
};

}  // namespace

TEST_CASE("Trainer: a gradient that is not finite changes no parameter, though the loss is finite",
          "[training][errors]") {
  const Dataset train = bars(40);
  for (const int threads : {1, 2}) {
    Model model{Seed{1}};
    const Arena<float> before = model.parameters();
    Trainer trainer{model, Cliff{}, Kl{}, Constant{1.0}, Adam{}};
    CHECK_THROWS_AS(trainer.fit(train, {.epochs = 1, .batch_size = 10, .threads = threads}), DivergedError);
    CHECK(same_bits(model.parameters(), before));
  }
}

TEST_CASE("Trainer: divergence names step and tensor and keeps the parameters from before", "[training][errors]") {
  const Dataset train = bars(100);
  Model model{Seed{1}};
  Arena<float> before;
  std::int64_t last_step = 0;
  try {
    trainer_of(model, 1e9).fit(train, {.epochs = 5, .batch_size = 10, .threads = 2}, [&](const StepEnd& e) {
      last_step = e.step;
      before = model.parameters();
    });
    FAIL("a learning rate of 1e9 must diverge");
  } catch (const DivergedError& error) {
    INFO(error.what());
    CHECK(error.step() == last_step + 1);
    CHECK(same_bits(model.parameters(), before));
    CHECK_THAT(error.what(),
               ContainsSubstring("step " + std::to_string(error.step())) && ContainsSubstring("not finite"));
    CHECK_FALSE(error.tensor().empty());
    for (const float p : model.parameters()) CHECK(std::isfinite(p));
  }
}

TEST_CASE("Trainer: an update that would overflow is not made", "[training][errors]") {
  const Dataset train = bars(40);
  Model model{Seed{1}};
  const Arena<float> before = model.parameters();
  Trainer trainer{model, Bernoulli{}, Kl{}, Constant{}, Sgd{.learning_rate = 1e38}};
  CHECK_THROWS_WITH(trainer.fit(train, {.epochs = 1, .batch_size = 10}), ContainsSubstring("update"));
  CHECK(same_bits(model.parameters(), before));
}

TEST_CASE("Trainer: NaN in a weight is found in the first step and named", "[training][errors]") {
  const Dataset train = bars(40);
  for (const NamedTensor& tensor : Model::parameter_tensors()) {
    CAPTURE(tensor.name);
    Model model{Seed{1}};
    bvae_test::at(model.parameters(), tensor, 1) = std::numeric_limits<float>::quiet_NaN();
    try {
      trainer_of(model).fit(train, {.epochs = 1, .batch_size = 10, .threads = 1});
      FAIL("NaN must be found");
    } catch (const DivergedError& error) {
      CHECK(error.step() == 1);
      const std::string layer = tensor.name.substr(0, tensor.name.rfind('.'));
      CHECK_THAT(error.tensor(), ContainsSubstring(layer));
    }
  }
}

TEST_CASE("Trainer: options and data that do not fit are refused", "[training][errors]") {
  const Dataset train = bars(20);
  Model model{Seed{1}};
  auto trainer = trainer_of(model);
  const auto refuses = [&](const Dataset& data, const FitOptions& options, const std::string& text) {
    CAPTURE(text);
    CHECK_THROWS_WITH(trainer.fit(data, options), ContainsSubstring(text));
    CHECK_THROWS_AS(trainer.fit(data, options), std::invalid_argument);
  };
  refuses(train, {.epochs = 0}, "epochs");
  refuses(train, {.batch_size = 0}, "batch_size");
  refuses(train, {.batch_size = 21}, "batch_size");
  refuses(train, {.batch_size = -1}, "batch_size");
  refuses(train, {.batch_size = 5, .threads = -1}, "threads");
  refuses(Dataset(Eigen::MatrixXf::Constant(29, 40, 0.5f)), {.batch_size = 5}, "29 features");
  refuses(Dataset::from_bytes(std::vector<std::uint8_t>(300), {1, 5, 6}), {.batch_size = 5}, "1 x 5 x 6");
  refuses(Dataset(Eigen::MatrixXf::Constant(30, 40, 1.5f)), {.batch_size = 5}, "[0, 1]");
  CHECK_THROWS_WITH(trainer.fit(train, Dataset(Eigen::MatrixXf::Constant(29, 40, 0.5f)), {.batch_size = 5}),
                    ContainsSubstring("validation"));
  Trainer gaussian{model, Gaussian{}, Kl{}, Constant{}, Adam{}};
  CHECK_THROWS_WITH(gaussian.fit(Dataset(Eigen::MatrixXf::Constant(30, 40, 1.5f)),
                                 {.batch_size = 5, .binarization = Binarization::kDynamic}),
                    ContainsSubstring("binarised"));
  CHECK_NOTHROW(gaussian.fit(Dataset(Eigen::MatrixXf::Constant(30, 40, 1.5f)), {.epochs = 1, .batch_size = 5}));
}

TEST_CASE("Trainer: schedules that give no sensible value are refused at that step", "[training][errors]") {
  const Dataset train = bars(40);
  Model model;
  const auto run = [&](AnySchedule beta, AnySchedule factor) {
    Trainer trainer{model, Bernoulli{}, Kl{}, beta, Adam{}};
    trainer.fit(train, {.epochs = 1, .batch_size = 10, .learning_rate_factor = factor});
  };
  const auto from_step_two = [](double value) {
    return AnySchedule([value](const Progress& p) { return p.step < 1 ? 1.0 : value; });
  };
  CHECK_THROWS_WITH(run(from_step_two(std::nan("")), Constant{1}),
                    ContainsSubstring("beta") && ContainsSubstring("step 2"));
  CHECK_THROWS_WITH(run(Constant{1}, from_step_two(-1)), ContainsSubstring("learning rate"));
  CHECK_THROWS_AS(run(Constant{1}, from_step_two(std::nan(""))), std::invalid_argument);
  CHECK_THROWS_WITH(run(Constant{1}, Geco{.reconstruction = 1}),
                    ContainsSubstring("learning_rate_factor must be a plain schedule"));
  CHECK_THROWS_WITH(run(Geco{}, Constant{1}), ContainsSubstring("Geco: reconstruction"));
  CHECK_NOTHROW(run(Geco{.reconstruction = 1}, Constant{1}));
}

TEST_CASE("Trainer: a validation set that cannot be binarised is refused", "[training][errors]") {
  Model model;
  const Dataset good(Eigen::MatrixXf(Eigen::MatrixXf::Constant(30, 40, 0.5f)));
  const Dataset bad(Eigen::MatrixXf(Eigen::MatrixXf::Constant(30, 40, 1.5f)));
  Trainer trainer{model, Gaussian{}, Kl{}, Constant{}, Adam{}};
  CHECK_THROWS_WITH(trainer.fit(good, bad, {.epochs = 1, .batch_size = 5, .binarization = Binarization::kDynamic}),
                    ContainsSubstring("validation") && ContainsSubstring("binarised"));
}

TEST_CASE("Trainer: after an exception the history and the best model are still there", "[training][errors]") {
  const Dataset train = bars(40);
  Model model{Seed{1}};
  BestModel best;
  Arena<float> best_parameters;
  auto trainer = trainer_of(model);
  CHECK_THROWS_AS(trainer.fit(
                      train, {.epochs = 5, .batch_size = 10}, best,
                      [&](const EpochEnd& e) {
                        if (e.record.epoch == best.best_epoch) best_parameters = model.parameters();
                      },
                      [](const StepEnd& e) {
                        if (e.step == 10) throw std::runtime_error("the user's own");
                      }),
                  std::runtime_error);
  CHECK(trainer.history().epochs.size() == 2);
  REQUIRE(best.best_epoch > 0);
  best.restore(model);
  CHECK(same_bits(model.parameters(), best_parameters));
}

TEST_CASE("Trainer: a gradient whose square overflows is divergence", "[training][errors]") {
  Model model{Seed{1}};
  Eigen::MatrixXf huge = Eigen::MatrixXf::Constant(30, 20, 0.5f);
  Trainer trainer{model, Gaussian{.sigma = 1e-11}, Kl{}, Constant{}, Adam{}};
  CHECK_THROWS_AS(trainer.fit(Dataset(huge), {.epochs = 1, .batch_size = 10}), DivergedError);
}

TEST_CASE("Trainer: bad parts are refused when it is made", "[training][errors]") {
  Model model;
  CHECK_THROWS_AS((Trainer{model, Bernoulli{}, Kl{.free_bits = -1}, Constant{}, Adam{}}), std::invalid_argument);
  CHECK_THROWS_AS((Trainer{model, Bernoulli{}, Kl{}, WarmUp{.over = Epochs{-1}}, Adam{}}), std::invalid_argument);
  CHECK_THROWS_AS((Trainer{model, Bernoulli{}, Kl{}, Constant{}, Adam{.learning_rate = -1}}), std::invalid_argument);
  CHECK_THROWS_AS((Trainer{model, Gaussian{.sigma = 0}, Kl{}, Constant{}, Adam{}}), std::invalid_argument);
}

TEST_CASE("Trainer: an exception inside a step leaves parameters and state as before the step", "[training]") {
  using Normalized = Vae<Image<1, 6, 5>, Encoder<Flatten, Linear<8>, BatchNorm, ReLU>, Latent<2>, Decoder<Linear<30>>>;
  const Dataset data = harness::bars(60);
  const auto aim = [](const Progress& progress) { return progress.step == 0 ? 1.0 : -1.0; };
  const auto run = [&](std::int64_t epochs) {
    Normalized model{Seed{3}};
    Trainer trainer{model, Bernoulli{}, Capacity{aim, 1.0}, Constant{1}, Adam{}};
    if (epochs == 1) {
      trainer.fit(data, {.epochs = 1, .batch_size = 60, .threads = 2, .shuffle = false});
    } else {
      CHECK_THROWS_AS(trainer.fit(data, {.epochs = epochs, .batch_size = 60, .threads = 2, .shuffle = false}),
                      std::invalid_argument);
    }
    return model;
  };
  const Normalized one = run(1);
  const Normalized two = run(2);
  CHECK(bvae_test::same_bits(one.state(), two.state()));
}
