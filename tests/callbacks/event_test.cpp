// Callbacks of users: what is called, when, and with what. (The events live in training/event.hpp.)
#include "bvae/training/event.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"

namespace {

struct Recorder {
  std::string calls{};
  std::vector<std::int64_t> steps{};
  std::vector<double> betas{};
  void operator()(const bvae::FitBegin& e) { calls += e.run.total_steps == 10 ? 'B' : '?'; }
  void operator()(const bvae::StepEnd& e) {
    calls += 's';
    steps.push_back(e.step);
    betas.push_back(e.beta);
    CHECK(e.step_of_epoch == (e.step - 1) % 5 + 1);
    CHECK(e.epoch == (e.step - 1) / 5);
    CHECK(e.losses.objective == Approx(e.losses.reconstruction + e.beta * e.losses.divergence).epsilon(1e-12));
    CHECK(e.gradient_norm > 0);
  }
  void operator()(const bvae::EpochEnd&) { calls += 'E'; }
  void operator()(const bvae::FitEnd&) { calls += 'F'; }
};

struct TwoHooks {
  int begins = 0, epochs = 0;
  void operator()(const bvae::FitBegin&) { ++begins; }
  void operator()(const bvae::EpochEnd&) { ++epochs; }
};

struct Misspelt {
  void on_epoch_end(const bvae::EpochEnd&) {}
};
struct WantsToChange {
  void operator()(bvae::EpochEnd&) {}
};

using Lambda = decltype([](const bvae::StepEnd&) {});
static_assert(bvae::Callback<Recorder> && bvae::Callback<TwoHooks> && bvae::Callback<Lambda>);
static_assert(!bvae::Callback<Misspelt> && !bvae::Callback<WantsToChange> && !bvae::Callback<int>);

}  // namespace

TEST_CASE("Callback: a struct with a call for every event gets them all in order", "[callback]") {
  harness::Model model{};
  Recorder recorder;
  harness::train(model, bvae::WarmUp{.to = 1, .over = bvae::Epochs{2}}, 2, recorder);
  CHECK(recorder.calls == "BsssssEsssssEF");
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(recorder.steps[i] == static_cast<std::int64_t>(i) + 1);
    CHECK(recorder.betas[i] == Approx(static_cast<double>(i) / 10).epsilon(1e-14));
  }
}

TEST_CASE("Callback: lambdas and structs with some of the calls work side by side, in the order given", "[callback]") {
  harness::Model model{};
  TwoHooks two;
  std::string order;
  harness::train(
      model, bvae::Constant{1}, 3, [&](const bvae::EpochEnd&) { order += 'a'; }, two,
      [&](const bvae::EpochEnd&) { order += 'b'; });
  CHECK(two.begins == 1);
  CHECK(two.epochs == 3);
  CHECK(order == "ababab");
}

TEST_CASE("Callback: a generic lambda takes every event", "[callback]") {
  harness::Model model{};
  int events = 0;
  harness::train(model, bvae::Constant{1}, 2, [&](const auto&) { ++events; });
  CHECK(events == 1 + 10 + 2 + 1);
}

TEST_CASE("Callback: may stop at a step, at an epoch, or before the first step", "[callback]") {
  const auto steps = [](auto callback) {
    harness::Model model{};
    const bvae::History history = harness::train(model, bvae::Constant{1}, 4, callback);
    CHECK(history.stop_reason == "enough");
    return std::pair{history.steps, history.epochs.size()};
  };
  CHECK(steps([](const bvae::StepEnd& e) {
          if (e.step == 7) e.control.stop("enough");
        }) == std::pair{std::int64_t{7}, std::size_t{1}});
  CHECK(steps([](const bvae::EpochEnd& e) {
          if (e.record.epoch == 2) e.control.stop("enough");
        }) == std::pair{std::int64_t{10}, std::size_t{2}});
  CHECK(steps([](const bvae::FitBegin& e) { e.control.stop("enough"); }) == std::pair{std::int64_t{0}, std::size_t{0}});
}

TEST_CASE("Control: the first reason stays, and no reason is still a stop", "[callback]") {
  bvae::Control control;
  CHECK_FALSE(control.stopping());
  control.stop("");
  CHECK(control.stopping());
  control.stop("later");
  CHECK(control.reason() == "stopped");
}

TEST_CASE("Callback: its exception ends the run, and FitEnd is not called", "[callback]") {
  harness::Model model{};
  bool ended = false;
  CHECK_THROWS_AS(harness::train(
                      model, bvae::Constant{1}, 3, [](const bvae::EpochEnd&) { throw std::domain_error("mine"); },
                      [&](const bvae::FitEnd&) { ended = true; }),
                  std::domain_error);
  CHECK_FALSE(ended);
}

TEST_CASE("Callback: sees the model's parameters, and may replace them at the end", "[callback]") {
  harness::Model model{};
  const std::size_t size = model.parameters().size() * sizeof(float);
  harness::train(
      model, bvae::Constant{1}, 1,
      [&](const bvae::EpochEnd& e) {
        CHECK(e.parameters.size() == size);
        CHECK(static_cast<const void*>(e.parameters.data()) == model.parameters().data());
        CHECK(e.state.empty());
      },
      [](const bvae::FitEnd& e) { std::fill(e.parameters.begin(), e.parameters.end(), std::byte{0}); });
  for (const float p : model.parameters()) REQUIRE(p == 0);
}

TEST_CASE("RunInfo: says what is trained", "[callback]") {
  harness::Model model{};
  harness::train(model, bvae::WarmUp{.to = 4, .over = bvae::Epochs{1}}, 3, [](const bvae::FitBegin& e) {
    CHECK(e.run.epochs == 3);
    CHECK(e.run.steps_per_epoch == 5);
    CHECK(e.run.total_steps == 15);
    CHECK(e.run.batch_size == 8);
    CHECK(e.run.samples == 40);
    CHECK(e.run.validation_samples == 7);
    CHECK(e.run.features == 5);
    CHECK(e.run.latents == 2);
    CHECK(e.run.parameters == 5 * 6 + 6 + 6 * 4 + 4 + 2 * 5 + 5);
    CHECK(e.run.threads == 1);
    CHECK(e.run.final_beta == 4);
    CHECK(e.run.likelihood == "gaussian");
    CHECK(e.run.divergence == "kl");
    CHECK(e.run.optimizer == "adam");
  });
}
