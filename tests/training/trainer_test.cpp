#include "bvae/training/trainer.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using namespace bvae;

namespace {

using Model = Vae<Image<1, 6, 5>, Encoder<Flatten, Linear<24>, ReLU>, Latent<4>, Decoder<Linear<24>, ReLU, Linear<30>>>;

/// Grey images of two bars, so that there is something to learn.
Dataset bars(Index samples, std::uint64_t seed = 1) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(samples * 30));
  const RandomStream random(Seed{seed}, Stream::kUser);
  for (Index s = 0; s < samples; ++s) {
    const auto words = random.words(static_cast<std::uint32_t>(s), 0);
    for (Index y = 0; y < 6; ++y)
      for (Index x = 0; x < 5; ++x) {
        const bool on = y == Index{words[0] % 6} || x == Index{words[1] % 5};
        bytes[static_cast<std::size_t>(s * 30 + y * 5 + x)] =
            static_cast<std::uint8_t>(on ? 200 + words[2] % 50 : words[3] % 30);
      }
  }
  return Dataset::from_bytes(std::move(bytes), {1, 6, 5});
}

template <class M, class Schedule = Constant>
auto trainer_of(M& model, double learning_rate = 1e-2, Schedule schedule = {}) {
  return Trainer{model, Bernoulli{}, Kl{}, schedule, Adam{.learning_rate = learning_rate}};
}

template <class Scalar>
bool same_bits(const Arena<Scalar>& a, const Arena<Scalar>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Scalar)) == 0;
}

struct Absolute {
  static constexpr std::string_view kName = "absolute";
  static constexpr Index kOutputsPerFeature = 1;
  template <class Scalar>
  void operator()(ConstView<Scalar> x, ConstView<Scalar> y, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    for (Index s = 0; s < x.cols(); ++s) {
      values[static_cast<std::size_t>(s)] = static_cast<double>((y.col(s) - x.col(s)).template lpNorm<1>());
      gradient.col(s) = weight * (y.col(s) - x.col(s)).cwiseSign();
    }
  }
  template <class Scalar>
  void mean(View<Scalar>) const {}
  void check_targets(double, double) const {}
};
struct Squares {
  static constexpr std::string_view kName = "squares";
  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress&, DivergenceTerms<Scalar>& terms) const {
    q.kl_per_latent(terms.kl_per_latent);
    const Index n = q.samples();
    terms.value = static_cast<double>((q.mu().squaredNorm() + q.log_variance().squaredNorm()) / static_cast<Scalar>(n));
    terms.d_mu.leftCols(n) = Scalar(2) / static_cast<Scalar>(n) * q.mu();
    terms.d_log_variance.leftCols(n) = Scalar(2) / static_cast<Scalar>(n) * q.log_variance();
  }
};

/// The same optimizer, but the trainer may not know that it needs no norm: it then waits for the whole gradient.
template <class O>
struct Waiting : O {
  static constexpr bool kIgnoresNorm = false;
};

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

TEST_CASE("Trainer: the objective falls and the record says how", "[training]") {
  Model model{Seed{1}};
  const Dataset train = bars(300);
  const Dataset test = bars(70, 2);
  const History history = trainer_of(model).fit(train, test, {.epochs = 40, .batch_size = 32, .threads = 2});
  REQUIRE(history.epochs.size() == 40);
  const EpochRecord& first = history.epochs.front();
  const EpochRecord& last = history.epochs.back();
  CHECK(last.train.objective < 0.85 * first.train.objective);
  CHECK(last.validation->elbo() > first.validation->elbo());
  CHECK(last.epoch == 40);
  CHECK(last.step == 40 * 10);  // 9 whole batches and one of 12 an epoch
  CHECK(history.steps == 400);
  CHECK(last.beta == 1.0);
  CHECK(last.beta_norm == Approx(4.0 / 30.0).epsilon(1e-14));
  CHECK(last.train.objective == Approx(last.train.reconstruction + last.train.divergence).epsilon(1e-12));
  CHECK(last.train_kl_per_latent.sum() == Approx(last.train.kl).epsilon(1e-12));
  CHECK(last.validation->samples == 70);
  CHECK(last.samples_per_second > 0);
  CHECK_FALSE(history.stopped());
}

TEST_CASE("Trainer: any number of threads gives the same bits", "[training][determinism]") {
  const Dataset train = bars(203);  // batches of 50, the last of 3
  const Dataset test = bars(61, 2);
  for (const Binarization binarization : {Binarization::kNone, Binarization::kDynamic}) {
    Model expected{Seed{3}};
    const auto run = [&](Model& model, int threads) {
      Trainer trainer{model, Bernoulli{}, Kl{.free_bits = 0.05}, WarmUp{.to = 2.0, .over = Epochs{1.5}},
                      ClipByGlobalNorm<AdamW>{.max_norm = 2.0, .inner = {}}};
      return trainer.fit(
          train, test,
          {.epochs = 2, .batch_size = 50, .seed = Seed{9}, .threads = threads, .binarization = binarization});
    };
    const History one = run(expected, 1);
    for (const int threads : {2, 3, 4, 7}) {
      CAPTURE(threads, name(binarization));
      Model model{Seed{3}};
      const History history = run(model, threads);
      CHECK(same_bits(model.parameters(), expected.parameters()));
      CHECK(history.epochs.back().train.objective == one.epochs.back().train.objective);
      CHECK(history.epochs.back().gradient_norm == one.epochs.back().gradient_norm);
      CHECK(history.epochs.back().validation->elbo() == one.epochs.back().validation->elbo());
    }
  }
}

TEMPLATE_TEST_CASE("Trainer: updating each part at once gives the bits of updating after the whole gradient",
                   "[training][determinism]", Adam, AdamW, Sgd) {
  const Dataset train = bars(90);
  TestType at_once{};
  if constexpr (std::is_same_v<TestType, Sgd>) at_once.momentum = 0.9;
  static_assert(TestType::kIgnoresNorm);
  const auto run = [&](Model& model, auto optimizer, int threads) {
    Trainer trainer{model, Bernoulli{}, Kl{.free_bits = 0.05}, Constant{2.0}, optimizer};
    return trainer.fit(train, {.epochs = 2, .batch_size = 40, .threads = threads});
  };
  Model expected{Seed{3}};
  const History history = run(expected, Waiting<TestType>{at_once}, 1);
  for (const int threads : {1, 2, 3}) {
    Model model{Seed{3}};
    const History other = run(model, at_once, threads);
    CHECK(same_bits(model.parameters(), expected.parameters()));
    CHECK(other.epochs.back().gradient_norm == history.epochs.back().gradient_norm);
  }
}

TEST_CASE("Objective: the gradient's norm is not larger than its bound", "[training]") {
  Objective<Model, Bernoulli, Kl> objective(20, Bernoulli{}, Kl{});
  static_assert(Objective<Model, Bernoulli, Kl>::kGradientsAreProducts);
  Model model{Seed{3}};
  const Matrix<float> x = bars(20).columns<float>(0, 20);
  Matrix<float> noise(4, 20);
  RandomStream(Seed{1}, Stream::kUser).normal(0, std::span<float>(noise.data(), 80));
  objective.compute(model, x, noise, 1.0);
  CHECK(objective.gradient_norm() > 0);
  CHECK(objective.gradient_norm() <= objective.bound(Member{}, 20));
}

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

TEST_CASE("Trainer: the seed fixes the run", "[training][determinism]") {
  const Dataset train = bars(100);
  const auto run = [&](std::uint64_t seed) {
    Model model{Seed{5}};
    trainer_of(model).fit(train, {.epochs = 1, .batch_size = 20, .seed = Seed{seed}, .threads = 1});
    return model;
  };
  CHECK(same_bits(run(1).parameters(), run(1).parameters()));
  CHECK_FALSE(same_bits(run(1).parameters(), run(2).parameters()));
}

TEST_CASE("Trainer: a second fit is a run of its own", "[training][determinism]") {
  const Dataset train = bars(64);
  const FitOptions options{.epochs = 2, .batch_size = 16, .threads = 1};
  Model a{Seed{5}};
  auto trainer = trainer_of(a);
  trainer.fit(train, options);
  trainer.fit(train, options);
  Model b{Seed{5}};
  trainer_of(b).fit(train, options);
  trainer_of(b).fit(train, options);  // fresh moments: nothing is left of the first
  CHECK(same_bits(a.parameters(), b.parameters()));
}

TEST_CASE("Trainer: beta follows the schedule, step by step", "[training]") {
  const Dataset train = bars(60);
  Model model{Seed{1}};
  std::vector<double> betas;
  std::vector<double> rates;
  std::vector<bool> settled;
  const WarmUp schedule{.to = 3.0, .over = Epochs{2}};
  trainer_of(model, 1e-3, schedule)
      .fit(
          train,
          {.epochs = 4,
           .batch_size = 20,
           .threads = 1,
           .learning_rate_factor = LinearSchedule{.from = 1, .to = 0, .over = Epochs{4}}},
          [&](const StepEnd& e) {
            betas.push_back(e.beta);
            rates.push_back(e.learning_rate);
            CHECK(e.losses.objective == Approx(e.losses.reconstruction + e.beta * e.losses.divergence).epsilon(1e-12));
          },
          [&](const EpochEnd& e) { settled.push_back(e.beta_settled); });
  REQUIRE(betas.size() == 12);
  for (std::size_t i = 0; i < betas.size(); ++i) {
    CHECK(betas[i] == schedule(Progress::at(static_cast<std::int64_t>(i), 3, 12)));
    CHECK(rates[i] == Approx(1e-3 * (1 - static_cast<double>(i) / 12)).epsilon(1e-12));
  }
  CHECK(settled == std::vector<bool>{false, false, true, true});
}

TEST_CASE("Trainer: a callback stops training after the step", "[training]") {
  const Dataset train = bars(100);
  Model model{Seed{1}};
  bool ended = false;
  int epochs = 0;
  const History history = trainer_of(model).fit(
      train, {.epochs = 5, .batch_size = 10, .threads = 2},
      [](const StepEnd& e) {
        if (e.step == 13) e.control.stop("enough");
      },
      [&](const EpochEnd&) { ++epochs; }, [&](const FitEnd& e) { ended = e.history.stop_reason == "enough"; });
  CHECK(history.steps == 13);
  CHECK(history.epochs.size() == 1);
  CHECK(epochs == 1);
  CHECK(history.stopped());
  CHECK(ended);
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

TEST_CASE("Trainer: a matrix without image extents fits an image of its size", "[training]") {
  Model model;
  const Dataset plain(bars(20).columns<float>(0, 20));
  CHECK_NOTHROW(trainer_of(model).fit(plain, {.epochs = 1, .batch_size = 20}));
}

TEST_CASE("Trainer: a user's own likelihood, divergence and schedule work in the same place", "[training]") {
  Model model;
  Trainer trainer{model, Absolute{}, Squares{}, [](const Progress& p) { return p.epoch; },
                  Sgd{.learning_rate = 1e-3, .momentum = 0.9}};
  const History history = trainer.fit(bars(200), {.epochs = 5, .batch_size = 20});
  CHECK(history.epochs.back().train.reconstruction < history.epochs.front().train.reconstruction);
  CHECK(history.epochs.back().beta == Approx(4.9));
}
