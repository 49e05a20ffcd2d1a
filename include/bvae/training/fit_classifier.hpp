#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bvae/core/batch.hpp"
#include "bvae/core/errors.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/team.hpp"
#include "bvae/data/check_shape.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/data/shuffle.hpp"
#include "bvae/likelihoods/softmax_cross_entropy.hpp"
#include "bvae/models/trained_network.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/training/step_limits.hpp"

namespace bvae {

struct ClassifierOptions {
  std::int64_t epochs = 5;
  Index batch_size = 128;
  Adam optimizer{};
  Seed seed{};
  int threads = 0;  ///< 0 = one for each core; the result does not depend on it
};

/// What an epoch gave, means over its samples while the network learnt.
struct ClassifierEpoch {
  double loss = 0;      ///< cross-entropy in nats
  double accuracy = 0;  ///< share of samples whose largest logit is their label's
};

namespace detail {

template <class Network>
void check_classifier_data(const Network&, const Dataset& data, const ClassifierOptions& options) {
  check_shape<typename Network::Input>("fit_classifier: the data set", data, "the network");
  if (data.labels().empty()) throw std::invalid_argument("fit_classifier: the data have no labels");
  for (const std::uint8_t label : data.labels())
    if (label >= Network::kOutputs)
      throw std::invalid_argument(message("fit_classifier: the data have a label ", int{label}, ", the network has ",
                                          Network::kOutputs, " outputs"));
  if (options.epochs < 1) throw std::invalid_argument("fit_classifier: epochs must be at least 1");
  if (options.batch_size < 1 || options.batch_size > data.size())
    throw std::invalid_argument(message("fit_classifier: batch_size must be between 1 and the ", data.size(),
                                        " samples, not ", options.batch_size));
  constexpr Index kLeast = Network::Network::kLeastSamples;
  if (std::min(options.batch_size, (data.size() - 1) % options.batch_size + 1) < kLeast)
    throw std::invalid_argument(message("fit_classifier: the network (BatchNorm) needs at least ", kLeast,
                                        " samples in every batch; the last one of an epoch has fewer"));
  options.optimizer.validate();
}

}  // namespace detail

/// Trains a network as a classifier of labelled data: softmax cross-entropy, Adam, a new order for each epoch. A small
/// tool beside Trainer: to have features of one's own for a Perceptual. The same bits for any number of threads.
///
/// \throws std::invalid_argument for data or options that do not fit; DivergedError when a loss or gradient is not
/// finite (parameters and state are then those from before that step)
template <class Network>
std::vector<ClassifierEpoch> fit_classifier(Network& network, const Dataset& data, const ClassifierOptions& options) {
  using Net = typename Network::Network;
  using Scalar = typename Network::Scalar;
  detail::check_classifier_data(network, data, options);
  const Index batch = options.batch_size;
  constexpr Index kClasses = Network::kOutputs;
  Team team(options.threads);
  team.run([](const Member&) { products::reserve<Scalar>(Net::kGradientScratch); });
  Arena<Scalar> input(static_cast<std::size_t>(Network::kFeatures * batch));
  const typename Net::template Activations<Scalar> a(batch, input.data(), nullptr);
  Arena<Scalar> gradient(network.parameters().size());
  Arena<Scalar> state(network.state().size());  // from before the step
  std::array<Arena<Scalar>, 2> moments{Arena<Scalar>(gradient.size()), Arena<Scalar>(gradient.size())};
  const std::vector<GradientTask> tasks = Net::gradient_tasks();
  std::vector<double> squares(tasks.size());
  std::vector<double> values(static_cast<std::size_t>(batch));
  std::vector<std::uint32_t> order(static_cast<std::size_t>(data.size()));
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(batch));
  std::vector<std::uint8_t> right(static_cast<std::size_t>(batch));
  std::atomic<std::size_t> next_task{0};
  std::vector<ClassifierEpoch> epochs;
  std::int64_t step = 0;
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    shuffle(options.seed, static_cast<std::uint64_t>(epoch), order);
    ClassifierEpoch record;
    for (Index first = 0; first < data.size(); first += batch) {
      const Index count = std::min(batch, data.size() - first);
      bool finite = true;
      next_task = 0;
      std::copy(network.state().begin(), network.state().end(), state.begin());
      const auto train_step = [&](const Member& member) {
        const Pass pass(Mode::kTraining, member, count, LayerRandom{options.seed, static_cast<std::uint64_t>(step)});
        pass.for_own_shards([&](Shard s) {
          const std::span<const std::uint32_t> samples(order.data() + first + s.first,
                                                       static_cast<std::size_t>(s.count));
          data.template gather<Scalar>(samples, input.data() + s.first * Network::kFeatures);
          for (std::size_t i = 0; i < samples.size(); ++i)
            labels[static_cast<std::size_t>(s.first) + i] = data.labels()[samples[i]];
        });
        Net::forward(pass, network.parameters().data(), network.state().data(), a);
        pass.for_own_shards([&](Shard s) {
          const auto begin = static_cast<std::size_t>(s.first);
          const Scalar* const logits = a.output() + s.first * kClasses;
          softmax_cross_entropy<Scalar>(
              {logits, kClasses, s.count}, {labels.data() + begin, static_cast<std::size_t>(s.count)},
              Scalar(1) / static_cast<Scalar>(count), {values.data() + begin, static_cast<std::size_t>(s.count)},
              {a.output_delta() + s.first * kClasses, kClasses, s.count});
          for (Index i = 0; i < s.count; ++i) {
            const Scalar* const l = logits + i * kClasses;
            const auto at = begin + static_cast<std::size_t>(i);
            right[at] = std::max_element(l, l + kClasses) - l == labels[at];
          }
        });
        Net::backward(pass, network.parameters().data(), a);
        member.barrier();
        for (std::size_t t = next_task.fetch_add(1); t < tasks.size(); t = next_task.fetch_add(1))
          squares[t] = Net::gradient(tasks[t], count, network.parameters().data(), a, gradient.data());
        member.barrier();
        double sum = 0;
        for (const double square : squares) sum += square;
        const double norm = std::sqrt(sum);
        double loss = 0;
        for (Index s = 0; s < count; ++s) loss += values[static_cast<std::size_t>(s)];
        if (!detail::StepLimits<Scalar>::allow(loss, norm, options.optimizer.learning_rate)) {
          if (member.rank() == 0) finite = false;
          return;
        }
        // In blocks whose borders lie where tensors begin at the earliest: any number of members gives the same bits.
        constexpr Index kBlock = 16384;
        for (Index block = member.rank() * kBlock; block < Net::kParameters; block += member.size() * kBlock) {
          const auto size = static_cast<std::size_t>(std::min(kBlock, Net::kParameters - block));
          options.optimizer.template step<Scalar>(
              {step + 1, options.optimizer.learning_rate, norm, 1.0}, {network.parameters().data() + block, size},
              {gradient.data() + block, size},
              {std::span<Scalar>(moments[0].data() + block, size), std::span<Scalar>(moments[1].data() + block, size)});
        }
      };
      const auto put_back = [&] { std::copy(state.begin(), state.end(), network.state().begin()); };
      try {
        team.run(train_step);
      } catch (...) {
        put_back();
        throw;
      }
      if (!finite) {
        put_back();
        const int layer = Net::first_non_finite(count, a);
        throw DivergedError(step + 1, layer >= 0 ? "output" : "gradient",
                            layer >= 0 ? message("layer ", layer) : std::string("the network"));
      }
      ++step;
      for (Index s = 0; s < count; ++s) {
        record.loss += values[static_cast<std::size_t>(s)];
        record.accuracy += right[static_cast<std::size_t>(s)];
      }
    }
    record.loss /= static_cast<double>(data.size());
    record.accuracy /= static_cast<double>(data.size());
    epochs.push_back(record);
  }
  return epochs;
}

/// Share of the samples whose largest output is their label's.
///
/// \throws std::invalid_argument if the data have no labels, or another shape than the network takes
template <class Network>
double classification_accuracy(const Network& network, const Dataset& data) {
  check_shape<typename Network::Input>("classification_accuracy: the data set", data, "the network");
  if (data.labels().empty()) throw std::invalid_argument("classification_accuracy: the data have no labels");
  using Scalar = typename Network::Scalar;
  Index right = 0;
  constexpr Index kBlock = 512;
  for (Index first = 0; first < data.size(); first += kBlock) {
    const Index count = std::min(kBlock, data.size() - first);
    const Matrix<Scalar> y = network.output(data.template columns<Scalar>(first, count));
    for (Index s = 0; s < count; ++s) {
      const Scalar* const l = y.data() + s * y.rows();
      right += std::max_element(l, l + y.rows()) - l == data.labels()[static_cast<std::size_t>(first + s)];
    }
  }
  return static_cast<double>(right) / static_cast<double>(data.size());
}

}  // namespace bvae
