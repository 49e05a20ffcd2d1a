#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/errors.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/team.hpp"
#include "bvae/data/binarization.hpp"
#include "bvae/data/dataset.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/latent/diagonal_gaussian.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/optimizers/optimizer_step.hpp"
#include "bvae/schedules/observation.hpp"
#include "bvae/training/epoch_sums.hpp"
#include "bvae/training/event.hpp"
#include "bvae/training/fit_options.hpp"
#include "bvae/training/history.hpp"
#include "bvae/training/objective.hpp"
#include "bvae/training/step_limits.hpp"

namespace bvae {

/// Trains a model: the only place where model, likelihood, divergence, schedule and optimizer meet.
///
///     Trainer trainer{model, Bernoulli{}, Kl{.free_bits = 0.1}, WarmUp{.to = 4.0, .over = Epochs{10}}, Adam{}};
///     const History history = trainer.fit(train, test, {.epochs = 20}, ProgressBar{});
///
/// Minimises reconstruction + beta(t) * divergence, both summed over features and latents, means over the batch. Holds
/// a reference to the model, which must outlive it. Each fit() is a run of its own: it starts from the model's present
/// parameters with fresh optimizer moments at step 0 of the schedules. A run is a function of the model, the data, the
/// options and these five parts: the same bits for any number of threads. A feedback schedule begins each run with the
/// state that it had when it was given to the trainer. Memory is allocated when a run begins; a step allocates nothing.
template <class Model, class L, class D, class S, class O>
class Trainer {
  static_assert(Likelihood<L>,
                "Trainer: the second argument must model bvae::Likelihood (see likelihoods/bernoulli.hpp)");
  static_assert(
      DivergenceOf<D, DiagonalGaussian<typename Model::Scalar>, Progress, DivergenceTerms<typename Model::Scalar>>,
      "Trainer: the third argument must be a divergence (see divergences/kl.hpp)");
  static_assert(
      ScheduleOf<S, Progress>,
      "Trainer: the fourth argument must be a schedule, callable with a Progress (see schedules/constant.hpp)");
  static constexpr bool kFeedback = FeedbackScheduleOf<S, Progress, Observation>;
  static_assert(kFeedback || !kMeansFeedback<S>,
                "Trainer: a schedule with observe() or restore() must be a feedback schedule (see schedules/geco.hpp)");
  static_assert(OptimizerOf<O, OptimizerStep>,
                "Trainer: the fifth argument must be an optimizer (see optimizers/sgd.hpp)");

  using Scalar = typename Model::Scalar;
  static constexpr std::size_t kMoments = static_cast<std::size_t>(O::kMoments);

 public:
  Trainer(Model& model, L likelihood, D divergence, S schedule, O optimizer)
      : model_(model),
        likelihood_(std::move(likelihood)),
        divergence_(std::move(divergence)),
        schedule_(std::move(schedule)),
        optimizer_(std::move(optimizer)) {
    const auto validate = [](const auto& part) {
      if constexpr (requires { part.validate(); }) part.validate();
    };
    validate(likelihood_);
    validate(divergence_);
    validate(schedule_);
    validate(optimizer_);
  }

  /// \throws std::invalid_argument for options or data that do not fit the model; DivergedError when a loss or a
  /// gradient becomes infinite or NaN (parameters and state are then those from before that step); what a callback
  /// throws
  template <class... Callbacks>
  History fit(const Dataset& train, const FitOptions& options, Callbacks&&... callbacks) {
    return run<false>(train, nullptr, options, callbacks...);
  }

  /// The present or last run, epoch by epoch: what there is when fit() ended with an exception.
  [[nodiscard]] const History& history() const { return history_; }

  /// With a validation set, evaluated after every epoch.
  template <class... Callbacks>
  History fit(const Dataset& train, const Dataset& validation, const FitOptions& options, Callbacks&&... callbacks) {
    return run<true>(train, &validation, options, callbacks...);
  }

 private:
  /// Values that one optimizer task updates; fixed, so that results do not depend on the number of threads.
  static constexpr Index kOptimizerBlock = 16384;

  /// What a run needs, made once.
  struct Workspace {
    [[gnu::cold]] Workspace(Index batch, Index samples, const L& likelihood, const D& divergence, Seed seed,
                            int threads)
        : team(threads),
          objective(batch, likelihood, divergence, {.data_size = samples, .seed = seed}),
          state(static_cast<std::size_t>(Model::kState)),
          order(static_cast<std::size_t>(samples)) {
      for (Arena<Scalar>& moment : moments) moment.resize(static_cast<std::size_t>(Model::kParameters));
      if constexpr (kUpdatesInParts) parts.resize(static_cast<std::size_t>(team.size() * part_size()));
    }
    /// Of a member: whole cache lines, and a line between two members'.
    Index part_size() const { return (objective.largest_part() + 31) / 16 * 16; }
    Team team;
    Objective<Model, L, D> objective;
    std::array<Arena<Scalar>, kMoments> moments;
    Arena<Scalar> parts;  // of the gradient, one for each member of the team
    Arena<Scalar> state;  // from before the step
    std::vector<std::uint32_t> order;
  };

  /// Where nothing needs the whole gradient before the update, each part of it is used as long as it is in the cache,
  /// and never stored.
  static constexpr bool kUpdatesInParts = [] {
    if constexpr (requires { O::kIgnoresNorm; }) {
      return O::kIgnoresNorm && Objective<Model, L, D>::kGradientsAreProducts;
    } else {
      return false;
    }
  }();

  /// Without a validation set no evaluator is compiled.
  template <bool HasValidation, class... Callbacks>
  History run(const Dataset& train, const Dataset* validation, const FitOptions& options, Callbacks&... callbacks) {
    static_assert((kTakesConstEvents<Callbacks> && ...),
                  "Callback: events are const; take them as const EpochEnd& (or by value)");
    static_assert((Callback<Callbacks> && ...),
                  "Callback: must be callable with at least one event (FitBegin, StepEnd, EpochEnd or FitEnd), see "
                  "training/event.hpp");
    check_data<Model>("Trainer::fit: the training set", train, options.binarization, likelihood_);
    if constexpr (HasValidation)
      check_data<Model>("Trainer::fit: the validation set", *validation, options.binarization, likelihood_);
    detail::check(options, train, Model::kLeastSamples);
    Workspace work(options.batch_size, train.size(), likelihood_, divergence_, options.seed, options.threads);
    [[maybe_unused]] std::unique_ptr<Evaluator<Model, L>> evaluator;
    if constexpr (HasValidation) evaluator = std::make_unique<Evaluator<Model, L>>(likelihood_);

    work.team.run([](const Member&) {
      products::reserve<Scalar>(std::max({Model::EncoderNetwork::kGradientScratch, Model::HeadNetwork::kGradientScratch,
                                          Model::DecoderNetwork::kGradientScratch}));
    });
    const RunInfo info = describe(train, validation, options, work.team.size());
    history_ = {};
    History& history = history_;
    if constexpr (kFeedback) {
      running_.emplace(schedule_);
      history.schedule_state.assign(schedule_.state().begin(), schedule_.state().end());
    }
    Control control;
    notify(FitBegin{info, control}, callbacks...);
    for (std::int64_t epoch = 0; epoch < options.epochs && !control.stopping(); ++epoch) {
      EpochRecord record;
      detail::begin(record, epoch + 1, Model::kLatents, work.objective.divergence_parts());
      detail::order_samples(work.order, options, epoch);
      const auto start = std::chrono::steady_clock::now();
      Index seen = 0;
      bool settled = true;
      for (std::int64_t i = 0; i < info.steps_per_epoch && !control.stopping(); ++i) {
        const Index first = i * options.batch_size;
        const Index count = std::min(options.batch_size, train.size() - first);
        StepEnd event = step(work, train, info, control, options, history.steps, first, count);
        if constexpr (kFeedback) observe(event, info, history);
        ++history.steps;
        settled = settled && (event.beta == info.final_beta || has_feedback());
        detail::add(record, event, work.objective.kl_per_latent().data(), count);
        seen += count;
        notify(event, callbacks...);
      }
      record.step = history.steps;
      record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (seen < train.size()) break;  // stopped inside the epoch
      detail::finish(record, seen, info);
      if constexpr (kFeedback) record.schedule_state = history.schedule_state;
      if constexpr (HasValidation)
        record.validation = (*evaluator)(model_, *validation, {options.seed, options.binarization}, work.team);
      history.epochs.push_back(std::move(record));
      notify(EpochEnd{info, control, history.epochs.back(), settled, std::as_bytes(std::span(model_.parameters())),
                      std::as_bytes(std::span(model_.state()))},
             callbacks...);
    }
    history.stop_reason = control.reason();
    notify(FitEnd{info, history, std::as_writable_bytes(std::span(model_.parameters())),
                  std::as_writable_bytes(std::span(model_.state()))},
           callbacks...);
    return history;
  }

  /// Of the run: a feedback schedule's copy in it.
  [[nodiscard]] double beta_at(const Progress& progress) const {
    if constexpr (kFeedback) {
      return (*running_)(progress);
    } else {
      return schedule_(progress);
    }
  }
  [[nodiscard]] bool has_feedback() const { return kFeedback && is_feedback(schedule_); }

  /// After a step of training, and only then.
  void observe(StepEnd& event, const RunInfo& info, History& history) {
    running_->observe(Progress::at(history.steps, info.steps_per_epoch, info.total_steps),
                      {.reconstruction = event.losses.reconstruction, .kl = event.losses.kl});
    event.schedule_state = running_->state();
    history.schedule_state.assign(event.schedule_state.begin(), event.schedule_state.end());
  }

  /// One step: gradient, check, update. Nothing here allocates.
  StepEnd step(Workspace& work, const Dataset& train, const RunInfo& info, Control& control, const FitOptions& options,
               std::int64_t done, Index first, Index count) {
    const Progress progress = Progress::at(done, info.steps_per_epoch, info.total_steps);
    const double beta = beta_at(progress);
    const double factor = options.learning_rate_factor ? (*options.learning_rate_factor)(progress) : 1.0;
    detail::check_scheduled("beta", beta, std::isfinite(beta), done + 1);
    detail::check_scheduled("the learning rate's factor", factor, std::isfinite(factor) && factor >= 0, done + 1);
    const std::int64_t epoch = done / info.steps_per_epoch;
    const std::span<const std::uint32_t> samples(work.order.data() + first, static_cast<std::size_t>(count));
    const RandomStream noise(options.seed, Stream::kNoise, static_cast<std::uint64_t>(done));
    StepEnd event{.run = info,
                  .control = control,
                  .step = done + 1,
                  .epoch = epoch,
                  .step_of_epoch = done % info.steps_per_epoch + 1};
    event.beta = beta;
    event.learning_rate = optimizer_.base_learning_rate() * factor;
    bool finite = true;
    work.objective.draw_from({options.seed, static_cast<std::uint64_t>(done)});
    std::copy(model_.state().begin(), model_.state().end(), work.state.begin());
    const auto train_step = [&](const Member& member) {
      work.objective.compute_deltas(
          member, model_, count, beta, progress, [&](Shard shard, View<Scalar> x, View<Scalar> z_noise) {
            const auto own =
                samples.subspan(static_cast<std::size_t>(shard.first), static_cast<std::size_t>(shard.count));
            train.template gather<Scalar>(own, x.data());
            for (Index s = 0; s < shard.count; ++s) {
              binarize(options.binarization, options.seed, static_cast<std::uint64_t>(epoch) + 1,
                       own[static_cast<std::size_t>(s)], std::span<Scalar>(x.col(s).data(), Model::kFeatures));
              noise.normal(static_cast<std::uint32_t>(shard.first + s),
                           std::span<Scalar>(z_noise.col(s).data(), Model::kLatents));
            }
          });
      // Every member comes to the same decisions, so none has to wait for them.
      const Losses losses = work.objective.losses(count, beta);
      const auto is_good = [&](double norm) {  // false for NaN
        return detail::StepLimits<Scalar>::allow(losses.objective, norm, event.learning_rate);
      };
      bool good = false;
      if constexpr (kUpdatesInParts) {
        good = !reads_norm() && is_good(work.objective.bound(member, count));
        if (good) update_in_parts(member, work, count, {done + 1, event.learning_rate, 0, 1.0});
      }
      if (!good) {  // no part may be updated before all are known to be finite
        work.objective.compute_gradient(member, model_, count);
        const double norm = work.objective.gradient_norm();
        good = is_good(norm);
        if (good) update(member, work, {done + 1, event.learning_rate, norm, 1.0});
      }
      if (member.rank() == 0) {
        finite = good;
        event.losses = losses;
        event.divergence_parts = work.objective.divergence_parts();
        event.gradient_norm = work.objective.gradient_norm();
      }
    };
    const auto put_back = [&] { std::copy(work.state.begin(), work.state.end(), model_.state().begin()); };
    try {
      work.team.run(train_step);
    } catch (...) {  // of a likelihood, a divergence or an optimizer
      put_back();
      throw;
    }
    if (!finite) {
      put_back();
      throw work.objective.diagnose(count, done + 1);
    }
    return event;
  }

  /// What only a holder of any optimizer cannot say when it compiles.
  [[nodiscard]] bool reads_norm() const {
    if constexpr (requires { optimizer_.reads_norm(); }) {
      return optimizer_.reads_norm();
    } else {
      return false;
    }
  }

  void update(const Member& member, Workspace& work, const OptimizerStep& step) {
    const Scalar* g = work.objective.gradient().data();
    for (Index first = member.rank() * kOptimizerBlock; first < Model::kParameters;
         first += member.size() * kOptimizerBlock) {
      const auto count = static_cast<std::size_t>(std::min(kOptimizerBlock, Model::kParameters - first));
      update_range(work, step, first, {g + first, count});
    }
  }

  void update_in_parts(const Member& member, Workspace& work, Index count, const OptimizerStep& step) {
    work.objective.compute_gradient_in_parts(
        member, count, work.parts.data() + member.rank() * work.part_size(),
        [&](Index first) {
          kernels::Upcoming<Scalar> upcoming{1, {model_.parameters().data() + first}};
          for (const Arena<Scalar>& moment : work.moments)
            if (upcoming.count < 4) upcoming.arrays[upcoming.count++] = moment.data() + first;
          return upcoming;
        },
        [&](Index first, std::span<const Scalar> part) { update_range(work, step, first, part); });
  }

  void update_range(Workspace& work, const OptimizerStep& step, Index first, std::span<const Scalar> gradient) {
    std::array<std::span<Scalar>, kMoments> moments;
    for (std::size_t m = 0; m < kMoments; ++m) moments[m] = {work.moments[m].data() + first, gradient.size()};
    optimizer_.template step<Scalar>(step, std::span<Scalar>(model_.parameters().data() + first, gradient.size()),
                                     gradient, moments);
  }

  [[gnu::cold]] RunInfo describe(const Dataset& train, const Dataset* validation, const FitOptions& options,
                                 int threads) const {
    RunInfo info{.epochs = options.epochs};
    info.steps_per_epoch = (train.size() + options.batch_size - 1) / options.batch_size;
    info.total_steps = info.steps_per_epoch * options.epochs;
    info.batch_size = options.batch_size;
    info.samples = train.size();
    info.validation_samples = validation != nullptr ? validation->size() : 0;
    info.features = Model::kFeatures;
    info.latents = Model::kLatents;
    info.parameters = Model::parameter_count();
    info.threads = threads;
    info.seed = options.seed.value;
    const Progress last = Progress::at(info.total_steps - 1, info.steps_per_epoch, info.total_steps);
    info.final_beta = has_feedback() ? 1.0 : static_cast<double>(schedule_(last));
    info.binarization = options.binarization;
    info.likelihood = name_of(likelihood_);
    info.likelihood_is_density = is_density(likelihood_);
    info.divergence = name_of(divergence_);
    info.optimizer = name_of(optimizer_);
    return info;
  }

  template <class Event, class... Callbacks>
  static void notify(const Event& event, Callbacks&... callbacks) {
    [[maybe_unused]] const auto call = [&](auto& callback) {
      if constexpr (std::invocable<decltype(callback), const Event&>) callback(event);
    };
    (call(callbacks), ...);
  }

  Model& model_;
  L likelihood_;
  D divergence_;
  S schedule_;
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<kFeedback, std::optional<S>, Nothing> running_{};  // the run's schedule
  O optimizer_;
  History history_;
};

template <class Model, class L, class D, class S, class O>
Trainer(Model&, L, D, S, O) -> Trainer<Model, L, D, S, O>;

}  // namespace bvae
