#include "bvae/training/trainer.hpp"

#include <cstdint>
#include <span>
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
using harness::bars;
using harness::Model;
using harness::trainer_of;

namespace {

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

/// A feedback schedule that writes down what it sees.
struct Recorder {
  std::vector<Observation>* seen;
  std::vector<std::int64_t>* steps;
  double count[1] = {0};

  double operator()(const Progress&) const { return 1 + count[0]; }
  void observe(const Progress& progress, const Observation& observation) {
    seen->push_back(observation);
    steps->push_back(progress.step);
    ++count[0];
  }
  std::span<const double> state() const { return count; }
  void restore(std::span<const double> saved) { count[0] = saved[0]; }
};

Trainer<Model, Bernoulli, Kl, AnySchedule, Adam> feedback_trainer(Model& model, AnySchedule beta) {
  return {model, Bernoulli{}, Kl{.free_bits = 0.2}, std::move(beta), Adam{.learning_rate = 1e-2}};
}

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

TEST_CASE("Trainer: a feedback schedule observes each step of training once, and no evaluation", "[training]") {
  const Dataset train = bars(50);
  Model model{Seed{1}};
  std::vector<Observation> seen;
  std::vector<std::int64_t> steps;
  std::vector<Losses> losses;
  std::vector<double> betas;
  auto trainer = feedback_trainer(model, Recorder{&seen, &steps});
  const History history = trainer.fit(
      train, bars(30, 2), {.epochs = 3, .batch_size = 20, .threads = 2},
      [&](const StepEnd& e) {
        losses.push_back(e.losses);
        betas.push_back(e.beta);
        CHECK(e.schedule_state.size() == 1);
        CHECK(e.schedule_state[0] == static_cast<double>(e.step));
      },
      [](const EpochEnd& e) {
        CHECK(e.beta_settled);
        CHECK(e.run.final_beta == 1);
      });
  REQUIRE(seen.size() == 9);
  REQUIRE(losses.size() == 9);
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(steps[i] == static_cast<std::int64_t>(i));
    CHECK(seen[i].reconstruction == losses[i].reconstruction);
    CHECK(seen[i].kl == losses[i].kl);
    CHECK(seen[i].kl != losses[i].divergence);  // without the free bits
    CHECK(betas[i] == static_cast<double>(i + 1));
  }
  CHECK(history.epochs[1].schedule_state == std::vector<double>{6});
  CHECK(history.schedule_state == std::vector<double>{9});
  const History none =
      trainer.fit(train, {.epochs = 1, .batch_size = 50}, [](const FitBegin& e) { e.control.stop("not now"); });
  CHECK(none.schedule_state == std::vector<double>{0});
  // A second fit begins with the state that the schedule had at first.
  CHECK(trainer.fit(train, {.epochs = 1, .batch_size = 50}).epochs[0].beta == 1);
}

TEST_CASE("Trainer: a run that goes on from a schedule's state has the beta of one that never stopped", "[training]") {
  // Learning rate 0 and no shuffling: the KL of the second epoch is that of the first, and only the state differs.
  const Dataset train = bars(60);
  Model model{Seed{1}};
  const PidController start{.kl = 0.02, .kp = 0.1, .ki = 0.05, .kd = 0.01, .beta_max = 50};
  const auto betas = [&](const AnySchedule& schedule, std::int64_t epochs, int stop_after, std::vector<double>& state) {
    std::vector<double> result;
    auto trainer = feedback_trainer(model, schedule);
    const auto watch = [&](const StepEnd& e) {
      result.push_back(e.beta);
      if (e.step == stop_after) e.control.stop("enough");
    };
    const FitOptions options{
        .epochs = epochs, .batch_size = 10, .threads = 1, .shuffle = false, .learning_rate_factor = Constant{0}};
    state = trainer.fit(train, options, watch).schedule_state;
    return result;
  };
  std::vector<double> state;
  std::vector<double> end;
  const std::vector<double> whole = betas(start, 3, 0, end);
  std::vector<double> parts = betas(start, 3, 12, state);
  CHECK(parts.size() == 12);
  AnySchedule rest = start;
  rest.restore(state);
  for (const double beta : betas(rest, 1, 0, state)) parts.push_back(beta);
  CHECK(parts == whole);
  CHECK(state == end);
  CHECK(whole[1] != whole[7]);
}

TEST_CASE("Trainer: a feedback schedule holds the KL at its set point", "[training]") {
  const Dataset train = bars(200);
  Model model{Seed{1}};
  const History history = feedback_trainer(model, PidController{.kl = 4, .ki = 0.02, .beta_max = 20})
                              .fit(train, {.epochs = 40, .batch_size = 20, .threads = 1});
  CHECK(history.epochs.back().train.kl == Approx(4).margin(0.3));
  CHECK(history.epochs.back().beta > 0.1);
  // The last parameters, with another target.
  const double bits = history.epochs.back().train.reconstruction + 1;
  const History other =
      feedback_trainer(model, Geco{.reconstruction = bits, .decay = 0.9, .every = Steps{1}, .rate = 0.02})
          .fit(train, {.epochs = 40, .batch_size = 20, .threads = 1});
  CHECK(other.epochs.back().train.reconstruction == Approx(bits).margin(0.3));
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
