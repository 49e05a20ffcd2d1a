#include "bvae/callbacks/best_model.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/cyclical.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"

using bvae::BestModel;
using harness::Run;

namespace {

std::vector<std::byte> bytes(int value, std::size_t size = 3) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

/// What FitEnd puts into a model whose last parameters and state are 99.
std::pair<std::vector<std::byte>, std::vector<std::byte>> finished(BestModel& best, Run& run) {
  auto parameters = bytes(99);
  auto state = bytes(99, 2);
  best(bvae::FitEnd{run.info, run.history, parameters, state});
  return {parameters, state};
}

/// Trains, and checks that the model holds the parameters of the best epoch that counts.
template <class Schedule>
void check_restored(Schedule schedule, std::int64_t epochs, std::int64_t first_counting) {
  harness::Model model{bvae::Seed{4}};
  BestModel best{};
  std::vector<std::vector<std::byte>> parameters;
  std::vector<double> scores;
  const auto watch = [&](const bvae::EpochEnd& e) {
    parameters.emplace_back(e.parameters.begin(), e.parameters.end());
    scores.push_back(e.beta_settled ? e.record.validation->objective(e.run.final_beta)
                                    : std::numeric_limits<double>::infinity());
  };
  harness::train(model, schedule, epochs, best, watch);
  const auto at = static_cast<std::size_t>(std::min_element(scores.begin(), scores.end()) - scores.begin());
  CHECK(best.best_epoch == static_cast<std::int64_t>(at) + 1);
  CHECK(best.best_epoch >= first_counting);
  CHECK(best.best_score == scores[at]);
  CHECK(std::memcmp(model.parameters().data(), parameters[at].data(), parameters[at].size()) == 0);
  CHECK(at + 1 < scores.size());  // the last epoch is not the best: there was something to put back
}

}  // namespace

TEST_CASE("BestModel: puts back parameters and state of the best epoch", "[callback]") {
  BestModel best{};
  Run run{.info = {.final_beta = 2}};
  run.begin(best);
  run.end(best, {.number = 1, .reconstruction = 10, .kl = 5, .parameters = bytes(1), .state = bytes(11, 2)});
  run.end(best, {.number = 2, .reconstruction = 12, .kl = 3, .parameters = bytes(2), .state = bytes(12, 2)});  // 18
  run.end(best, {.number = 3, .reconstruction = 1, .kl = 9, .parameters = bytes(3), .state = bytes(13, 2)});
  run.end(best,
          {.number = 4, .reconstruction = 10, .kl = 4, .parameters = bytes(4), .state = bytes(14, 2)});  // as good
  CHECK(best.best_epoch == 2);
  CHECK(best.best_score == 18);
  CHECK(finished(best, run) == std::pair{bytes(2), bytes(12, 2)});
}

TEST_CASE("BestModel: epochs in a ramp are never chosen, however good they look", "[callback]") {
  BestModel best{};
  Run run{.info = {.final_beta = 2}};
  run.begin(best);
  run.end(best, {.number = 1, .reconstruction = -500, .settled = false, .parameters = bytes(1), .state = bytes(1, 2)});
  CHECK(best.best_epoch == 0);
  CHECK(finished(best, run) == std::pair{bytes(99), bytes(99, 2)});  // nothing counted: the last parameters stay
  run.end(best, {.number = 2, .reconstruction = 500, .parameters = bytes(2), .state = bytes(2, 2)});
  CHECK(finished(best, run) == std::pair{bytes(2), bytes(2, 2)});
}

TEST_CASE("BestModel: an epoch of NaN is never the best", "[callback]") {
  BestModel best{};
  Run run{};
  run.begin(best);
  run.end(best, {.number = 1, .reconstruction = std::numeric_limits<double>::quiet_NaN(), .parameters = bytes(1)});
  CHECK(best.best_epoch == 0);
}

TEST_CASE("BestModel: every run begins anew", "[callback]") {
  BestModel best{};
  Run first{}, second{};
  first.begin(best);
  first.end(best, {.number = 1, .reconstruction = 1, .parameters = bytes(1), .state = bytes(1, 2)});
  second.begin(best);
  CHECK(finished(best, second) == std::pair{bytes(99), bytes(99, 2)});
  second.end(best, {.number = 1, .reconstruction = 100, .parameters = bytes(2), .state = bytes(2, 2)});
  CHECK(finished(best, second) == std::pair{bytes(2), bytes(2, 2)});
}

TEST_CASE("BestModel: a trained model holds the best epoch's parameters, with and without a ramp", "[callback]") {
  check_restored(bvae::Constant{0.1}, 30, 1);
  check_restored(bvae::WarmUp{.to = 2, .over = bvae::Epochs{5}}, 40, 6);
  check_restored(bvae::Cyclical{.to = 2, .cycles = 2}, 40, 11);
}
