#include "bvae/callbacks/early_stopping.hpp"

#include <limits>
#include <stdexcept>

#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"

using bvae::EarlyStopping;
using harness::Run;

TEST_CASE("EarlyStopping: stops after `patience` epochs in a row without improvement", "[callback]") {
  EarlyStopping stop{.patience = 3};
  Run run{.info = {.final_beta = 2}};
  run.begin(stop);
  const double reconstructions[] = {10, 9, 9.5, 9.2, 8, 8, 8.1};  // the best so far again is no improvement
  std::int64_t epoch = 0;
  for (const double r : reconstructions) {
    CHECK_FALSE(run.control.stopping());
    run.end(stop, {.number = ++epoch, .reconstruction = r, .kl = 1});
  }
  CHECK_FALSE(run.control.stopping());
  run.end(stop, {.number = 8, .reconstruction = 8.5, .kl = 1});
  CHECK(run.control.stopping());
  CHECK(stop.best_score == 10);
  CHECK(stop.best_epoch == 5);
  CHECK_THAT(run.control.reason(), ContainsSubstring("early stopping") && ContainsSubstring("3 epochs") &&
                                       ContainsSubstring("in epoch 5") && ContainsSubstring("beta = 2 has"));
}

TEST_CASE("EarlyStopping: an improvement must be larger than min_delta", "[callback]") {
  EarlyStopping stop{.patience = 2, .min_delta = 0.5};
  Run run{};
  run.begin(stop);
  run.end(stop, {.number = 1, .reconstruction = 10});
  run.end(stop, {.number = 2, .reconstruction = 9.5});  // no more than min_delta
  CHECK(stop.waited == 1);
  run.end(stop, {.number = 3, .reconstruction = 9.4});
  CHECK(stop.waited == 0);
  CHECK(stop.best_score == 9.4);
  run.end(stop, {.number = 4, .reconstruction = 9.3});
  run.end(stop, {.number = 5, .reconstruction = 9.2});
  CHECK(run.control.stopping());
}

TEST_CASE("EarlyStopping: epochs in a ramp neither wait nor set a best score", "[callback]") {
  EarlyStopping stop{.patience = 1};
  Run run{.info = {.final_beta = 4}};
  run.begin(stop);
  for (std::int64_t epoch = 1; epoch <= 10; ++epoch)
    run.end(stop, {.number = epoch, .reconstruction = double(epoch), .kl = 50, .settled = false});
  CHECK_FALSE(run.control.stopping());
  CHECK(stop.best_epoch == 0);
  CHECK(stop.waited == 0);
  run.end(stop, {.number = 11, .reconstruction = 500});
  CHECK_FALSE(run.control.stopping());
  CHECK(stop.best_epoch == 11);
  run.end(stop, {.number = 12, .reconstruction = 1, .settled = false});  // a second cycle's ramp
  CHECK_FALSE(run.control.stopping());
  run.end(stop, {.number = 13, .reconstruction = 501});
  CHECK(run.control.stopping());
}

TEST_CASE("EarlyStopping: NaN does not improve, from the first epoch on", "[callback]") {
  EarlyStopping stop{.patience = 2};
  Run run{};
  run.begin(stop);
  run.end(stop, {.number = 1, .reconstruction = std::numeric_limits<double>::quiet_NaN()});
  CHECK_FALSE(run.control.stopping());
  run.end(stop, {.number = 2, .reconstruction = std::numeric_limits<double>::quiet_NaN()});
  CHECK(run.control.stopping());
}

TEST_CASE("EarlyStopping: every run begins anew", "[callback]") {
  EarlyStopping stop{.patience = 2};
  Run first{};
  first.begin(stop);
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch) first.end(stop, {.number = epoch, .reconstruction = 1});
  CHECK(first.control.stopping());
  Run second{};
  second.begin(stop);
  second.end(stop, {.number = 1, .reconstruction = 100});
  CHECK_FALSE(second.control.stopping());
  CHECK(stop.best_score == 100);
}

TEST_CASE("EarlyStopping: refuses arguments that make no sense", "[callback]") {
  for (EarlyStopping bad :
       {EarlyStopping{.patience = 0}, EarlyStopping{.patience = -1}, EarlyStopping{.min_delta = -1e-9},
        EarlyStopping{.min_delta = std::numeric_limits<double>::quiet_NaN()}}) {
    Run run{};
    CHECK_THROWS_AS(run.begin(bad), std::invalid_argument);
  }
}

TEST_CASE("EarlyStopping: ends a real run, which says why", "[callback]") {
  harness::Model model{};
  EarlyStopping stop{.patience = 2, .min_delta = 1e9};
  const bvae::History history = harness::train(model, bvae::WarmUp{.to = 1, .over = bvae::Epochs{3}}, 50, stop);
  CHECK(history.epochs.size() == 6);  // three of ramp, the first that counts, two of patience
  CHECK(history.stopped());
  CHECK_THAT(history.stop_reason, ContainsSubstring("early stopping"));
  harness::Model other{};
  CHECK_FALSE(harness::train(other, bvae::Constant{1}, 3, EarlyStopping{.patience = 3}).stopped());
}
