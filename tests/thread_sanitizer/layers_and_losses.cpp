// Trains with three threads what makes threads meet, or has memory of its own for each: layers that need the whole
// batch or share their weight's norm, and losses that are more than a sum over samples. Only for ThreadSanitizer
// (.ci/run): the suite compares their bits for any number of threads in the tests of each.
#include <cstdint>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;

namespace {

using Picture = Image<1, 12, 12>;
/// Channels and features for three panels of 16 rows each: threads share a weight's panels.
using Model =
    Vae<Picture,
        Encoder<SpectralNorm<Conv2d<36, 4, 2, 1>>, BatchNorm, ReLU,
                Residual<SpectralNorm<Conv2d<36, 3, 1, 1>>, BatchNorm, ReLU, Dropout<10>>, Flatten,
                SpectralNorm<Linear<40>>, BatchNorm, ReLU, Dropout<10>>,
        Latent<4>,
        Decoder<SpectralNorm<Linear<36 * 6 * 6>>, BatchNorm, ReLU, Unflatten<Image<36, 6, 6>>,
                Residual<Shortcut<SpectralNorm<ConvTranspose2d<35, 3, 1, 1>>>, ConvTranspose2d<35, 3, 1, 1>, BatchNorm>,
                SpectralNorm<ConvTranspose2d<1, 4, 2, 1>>>>;
using Classifier = Network<Picture, Conv2d<36, 3, 2, 1>, BatchNorm, ReLU, Flatten, Dropout<20>, Linear<3>>;

/// Each batch of 50 has more shards than there are threads, and the last one of an epoch is smaller.
Dataset pictures() {
  constexpr std::size_t kCount = 120;
  std::vector<std::uint8_t> bytes(144 * kCount), labels(kCount);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i % 251);
  for (std::size_t i = 0; i < kCount; ++i) labels[i] = static_cast<std::uint8_t>(i % 3);
  return Dataset::from_bytes(std::move(bytes), {1, 12, 12}, std::move(labels));
}

TrainedNetwork<Classifier> trained_features(const Dataset& data, int threads) {
  TrainedNetwork<Classifier> features{Seed{2}};
  fit_classifier(features, data, {.epochs = 2, .batch_size = 50, .threads = threads});
  return features;
}

}  // namespace

TEST_CASE("Layers and losses that synchronise give the same bits for 1 and 3 threads", "[threads]") {
  const Dataset data = pictures();
  const TrainedNetwork<Classifier> features = trained_features(data, 3);
  const TrainedNetwork<Classifier> features_of_one = trained_features(data, 1);
  CHECK(bvae_test::same_bits(features.parameters(), features_of_one.parameters()));
  CHECK(bvae_test::same_bits(features.state(), features_of_one.state()));

  const auto check = [&](const AnyLikelihood<float>& likelihood, const AnyDivergence<float>& divergence) {
    const auto run = [&](int threads) {
      Model model{Seed{3}};
      Trainer trainer{model, likelihood, divergence, Constant{1.5}, Adam{}};
      const History history = trainer.fit(data, data.slice(0, 70), {.epochs = 2, .batch_size = 50, .threads = threads});
      return std::pair(std::move(model), history.epochs.back().validation->elbo());
    };
    const auto [one, elbo_of_one] = run(1);
    const auto [three, elbo_of_three] = run(3);
    INFO(likelihood.name() << " and " << divergence.name());
    CHECK(bvae_test::same_bits(one.parameters(), three.parameters()));
    CHECK(bvae_test::same_bits(one.state(), three.state()));
    CHECK(elbo_of_one == elbo_of_three);
  };
  check(OptimalGaussian{}, TotalCorrelation{});
  check(Perceptual<Bernoulli, TrainedNetwork<Classifier>, 2, 5>(features), DipVae{});
  check(Ssim<Picture>{}, Mmd{});
  check(Bernoulli{}, Kl{.free_bits = 0.1, .form = FreeBits::kPerSampleAndLatent});
}
