#include "bvae/training/fit_classifier.hpp"

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bvae/layers/batch_norm.hpp"
#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/dropout.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/layers/relu.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;

namespace {

using Net = Network<Image<1, 6, 6>, Conv2d<8, 3, 1, 1>, ReLU, Flatten, Linear<3>>;

/// Bars: horizontal, vertical, or on the diagonal, with noise.
Dataset bars(std::size_t count) {
  std::vector<std::uint8_t> bytes(36 * count), labels(count);
  std::uint32_t random = 1;
  for (std::size_t s = 0; s < count; ++s) {
    const auto next = [&] { return (random = random * 1664525u + 1013904223u) >> 16; };
    labels[s] = static_cast<std::uint8_t>(s % 3);
    const std::size_t at = next() % 6;
    for (std::size_t y = 0; y < 6; ++y)
      for (std::size_t x = 0; x < 6; ++x) {
        const bool bar = labels[s] == 0 ? y == at : labels[s] == 1 ? x == at : (x + at) % 6 == y;
        bytes[36 * s + 6 * y + x] = static_cast<std::uint8_t>((bar ? 180 : 0) + next() % 60);
      }
  }
  return Dataset::from_bytes(std::move(bytes), {1, 6, 6}, std::move(labels));
}

}  // namespace

TEST_CASE("fit_classifier: learns, and a new network does not know", "[training]") {
  const Dataset train = bars(600);
  const Dataset test = bars(999).slice(600, 399);
  TrainedNetwork<Net> network{Seed{2}};
  CHECK(classification_accuracy(network, test) < 0.7);
  const std::vector<ClassifierEpoch> epochs =
      fit_classifier(network, train, {.epochs = 8, .batch_size = 32, .optimizer = {.learning_rate = 5e-3}});
  REQUIRE(epochs.size() == 8);
  CHECK(epochs.back().loss < 0.2 * epochs.front().loss);
  CHECK(epochs.back().accuracy > 0.97);
  CHECK(classification_accuracy(network, test) > 0.95);
}

TEST_CASE("fit_classifier: 1, 2, 3 and 4 threads give the same bits", "[training][threads]") {
  const Dataset train = bars(100);
  const auto run = [&](int threads) {
    TrainedNetwork<Net> network{Seed{2}};
    const std::vector<ClassifierEpoch> epochs =
        fit_classifier(network, train, {.epochs = 2, .batch_size = 33, .threads = threads});
    return std::pair(network.parameters(), epochs.back().loss);
  };
  const auto one = run(1);
  for (const int threads : {2, 3, 4}) {
    const auto many = run(threads);
    CHECK(bvae_test::same_bits(one.first, many.first));
    CHECK(one.second == many.second);
  }
}

TEST_CASE("fit_classifier: refuses data and options that do not fit", "[training]") {
  TrainedNetwork<Net> network{Seed{2}};
  const Dataset good = bars(30);
  const std::vector<std::uint8_t> bytes(36 * 4);
  CHECK_THROWS_AS(fit_classifier(network, Dataset::from_bytes(bytes, {1, 6, 6}), {.batch_size = 2}),
                  std::invalid_argument);
  CHECK_THROWS_AS(fit_classifier(network, Dataset::from_bytes(bytes, {1, 6, 6}, {0, 1, 3, 0}), {.batch_size = 2}),
                  std::invalid_argument);
  CHECK_THROWS_WITH(fit_classifier(network, Dataset::from_bytes(bytes, {1, 4, 9}, {0, 1, 2, 0}), {.batch_size = 2}),
                    ContainsSubstring("1 x 4 x 9") && ContainsSubstring("the network takes 1 x 6 x 6"));
  CHECK_THROWS_WITH(
      fit_classifier(network, Dataset::from_bytes(std::vector<std::uint8_t>(8), {1, 2, 4}, {0}), {.batch_size = 1}),
      ContainsSubstring("8 features a sample, the network takes 36"));
  CHECK_THROWS_AS(fit_classifier(network, good, {.epochs = 0, .batch_size = 2}), std::invalid_argument);
  CHECK_THROWS_AS(fit_classifier(network, good, {.batch_size = 31}), std::invalid_argument);
  CHECK_THROWS_AS(fit_classifier(network, good, {.batch_size = 2, .optimizer = {.learning_rate = -1}}),
                  std::invalid_argument);
}

TEST_CASE("fit_classifier: a step that diverges leaves the parameters before it", "[training]") {
  TrainedNetwork<Net> network{Seed{2}};
  network.parameters()[3] = std::numeric_limits<float>::infinity();
  const Arena<float> before = network.parameters();
  CHECK_THROWS_AS(fit_classifier(network, bars(30), {.batch_size = 10}), DivergedError);
  CHECK(bvae_test::same_bits(before, network.parameters()));
}

TEST_CASE("fit_classifier: after a step that diverges parameters and state are those from before it", "[training]") {
  using Normalized = Network<Image<1, 6, 6>, Flatten, Linear<8>, BatchNorm, ReLU, Linear<3>>;
  const Dataset data = bars(20);
  const auto start = [&] {
    TrainedNetwork<Normalized> network{Seed{2}};
    fit_classifier(network, data, {.epochs = 1, .batch_size = 20});
    // The logits of the next step overflow, when the running statistics have already been moved.
    network.parameters()[static_cast<std::size_t>(network.parameter_tensors()[4].offset)] = 3e38F;
    return network;
  };
  const TrainedNetwork<Normalized> before = start();
  TrainedNetwork<Normalized> network = start();
  CHECK_THROWS_AS(fit_classifier(network, data, {.epochs = 1, .batch_size = 20}), DivergedError);
  CHECK(bvae_test::same_bits(network.parameters(), before.parameters()));
  CHECK(bvae_test::same_bits(network.state(), before.state()));
}

TEST_CASE("fit_classifier: Dropout drops", "[training]") {
  const auto train = []<class Layer>(Layer) {
    TrainedNetwork<Network<Image<1, 6, 6>, Flatten, Layer, Linear<3>>> network{Seed{2}};
    fit_classifier(network, bars(64), {.epochs = 1, .batch_size = 32});
    return network.parameters();
  };
  CHECK_FALSE(bvae_test::same_bits(train(Dropout<50>{}), train(Dropout<0>{})));
}

TEST_CASE("fit_classifier: a step that would overflow the parameters is not made", "[training]") {
  TrainedNetwork<Net> network{Seed{2}};
  const Arena<float> before = network.parameters();
  CHECK_THROWS_AS(
      fit_classifier(network, bars(30), {.epochs = 1, .batch_size = 30, .optimizer = {.learning_rate = 1e39}}),
      DivergedError);
  CHECK(bvae_test::same_bits(before, network.parameters()));
}

TEST_CASE("classification_accuracy: refuses data without labels, or of another shape", "[training]") {
  const TrainedNetwork<Net> network{Seed{2}};
  const Dataset unlabelled = Dataset::from_bytes(std::vector<std::uint8_t>(36 * 5), {1, 6, 6});
  CHECK_THROWS_AS(classification_accuracy(network, unlabelled), std::invalid_argument);
  const Dataset turned = Dataset::from_bytes(std::vector<std::uint8_t>(36), {1, 4, 9}, {0});
  CHECK_THROWS_WITH(classification_accuracy(network, turned), ContainsSubstring("images of 1 x 4 x 9"));
}
