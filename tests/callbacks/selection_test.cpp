#include "bvae/callbacks/selection.hpp"

#include <limits>
#include <optional>

#include "bvae/schedules/constant.hpp"
#include "bvae/schedules/cyclical.hpp"
#include "bvae/schedules/warm_up.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"

using bvae::Selection;
using harness::Epoch;
using harness::Run;

namespace {

std::optional<double> score(const Selection& selection, const Epoch& epoch, double final_beta = 4) {
  Run run{.info = {.final_beta = final_beta}};
  std::optional<double> result;
  const auto ask = [&](const bvae::EpochEnd& e) { result = selection.score(e); };
  run.end(ask, epoch);
  return result;
}

template <class Schedule>
std::vector<bool> settled(Schedule schedule, std::int64_t epochs) {
  harness::Model model{};
  std::vector<bool> result;
  harness::train(model, schedule, epochs, [&](const bvae::EpochEnd& e) { result.push_back(e.beta_settled); });
  return result;
}

}  // namespace

TEST_CASE("Selection: compares at the final beta of the schedule, or at the one that is given", "[callback]") {
  const Epoch epoch{.reconstruction = 100, .kl = 10};
  CHECK(score({}, epoch) == 140);
  CHECK(score({.beta = 1}, epoch) == 110);
  CHECK(score({.beta = 0}, epoch) == 100);
}

TEST_CASE("Selection: without a validation set it compares the training set", "[callback]") {
  CHECK(score({}, {.reconstruction = 100, .kl = 10, .validated = false}) == 140);
}

TEST_CASE("Selection: an epoch in the schedule's ramp does not count", "[callback]") {
  CHECK_FALSE(score({}, {.reconstruction = 1, .kl = 1, .settled = false}));
  CHECK_FALSE(score({.beta = 1}, {.reconstruction = 1, .kl = 1, .settled = false}));
}

TEST_CASE("Selection: NaN is the worst score, not the best", "[callback]") {
  CHECK(score({}, {.reconstruction = std::numeric_limits<double>::quiet_NaN()}) ==
        std::numeric_limits<double>::infinity());
}

TEST_CASE("EpochEnd: an epoch with any part of a ramp in it is not settled", "[callback]") {
  CHECK(settled(bvae::Cyclical{.to = 2, .cycles = 4}, 4) == std::vector<bool>(4, false));
  CHECK(settled(bvae::Cyclical{.to = 2, .cycles = 2, .ramp = 1.0}, 4) == std::vector<bool>(4, false));
  CHECK(settled(bvae::WarmUp{.to = 4, .over = bvae::Epochs{9}}, 4) == std::vector<bool>(4, false));
  CHECK(settled(bvae::WarmUp{.to = 4, .over = bvae::Epochs{1.5}}, 3) == std::vector<bool>{false, false, true});
}

TEST_CASE("EpochEnd: beta counts as settled once its schedule has come to its end", "[callback]") {
  CHECK(settled(bvae::Constant{3}, 2) == std::vector<bool>{true, true});
  // Five steps an epoch: the last step of epoch 2 is still below the end of the ramp.
  CHECK(settled(bvae::WarmUp{.to = 4, .over = bvae::Epochs{2}}, 4) == std::vector<bool>{false, false, true, true});
  CHECK(settled(bvae::WarmUp{.to = 4, .hold = bvae::Epochs{1}, .over = bvae::Epochs{1}}, 4) ==
        std::vector<bool>{false, false, true, true});
  // Two cycles of four epochs: two of ramp, two at the top.
  CHECK(settled(bvae::Cyclical{.to = 2, .cycles = 2, .ramp = 0.5}, 8) ==
        std::vector<bool>{false, false, true, true, false, false, true, true});
}
