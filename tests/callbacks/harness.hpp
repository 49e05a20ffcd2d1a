/// A small run for callbacks to look at, and events made by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/divergences/kl.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/training/event.hpp"
#include "bvae/training/trainer.hpp"

namespace harness {

using Model =
    bvae::Vae<bvae::Features<5>, bvae::Encoder<bvae::Linear<6>>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<5>>>;

inline bvae::Dataset data(bvae::Index samples = 40) {
  bvae::Matrix<float> values(5, samples);
  bvae::RandomStream(bvae::Seed{1}, bvae::Stream::kUser)
      .normal(0, std::span<float>(values.data(), static_cast<std::size_t>(values.size())));
  return bvae::Dataset(values);
}

/// Trains with a validation set, five steps an epoch.
template <class Schedule, class... Callbacks>
bvae::History train(Model& model, Schedule schedule, std::int64_t epochs, Callbacks&&... callbacks) {
  bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{}, schedule, bvae::Adam{.learning_rate = 0.05}};
  return trainer.fit(data(), data(7), {.epochs = epochs, .batch_size = 8, .threads = 1}, callbacks...);
}

/// One epoch's end as a trainer would tell it, with a score of `reconstruction` + beta * `kl` on the validation set.
struct Epoch {
  std::int64_t number = 1;
  double reconstruction = 0;
  double kl = 0;
  bool settled = true;
  bool validated = true;
  std::vector<std::byte> parameters = {};
  std::vector<std::byte> state = {};
};

struct Run {
  bvae::RunInfo info{};
  bvae::Control control{};
  bvae::History history{};

  template <class Callback>
  void begin(Callback& callback) {
    callback(bvae::FitBegin{info, control});
  }
  template <class Callback>
  void end(Callback& callback, const Epoch& epoch) {
    bvae::EpochRecord record{.epoch = epoch.number};
    // The other place, and the annealed objective, hold values that would win every comparison.
    record.train = {.objective = -1e9, .reconstruction = -1e9, .divergence = -1e9, .kl = -1e9};
    if (epoch.validated) {
      record.validation.emplace();
      record.validation->reconstruction = epoch.reconstruction;
      record.validation->kl = epoch.kl;
    } else {
      record.train.reconstruction = epoch.reconstruction;
      record.train.kl = epoch.kl;
    }
    callback(bvae::EpochEnd{info, control, record, epoch.settled, epoch.parameters, epoch.state});
  }
};

}  // namespace harness
