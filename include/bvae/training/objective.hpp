#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/denormals.hpp"
#include "bvae/core/errors.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/likelihoods/likelihood_on.hpp"
#include "bvae/schedules/progress.hpp"
#include "bvae/training/losses.hpp"

namespace bvae {

/// The objective of one batch and its gradient: reconstruction + beta * divergence, sums over features and latents,
/// mean over samples.
///
/// Holds the gradient and the activations for batches of up to `capacity` samples; computing allocates nothing. All
/// members of a team call `compute` together. Results have the same bits for any team: shards and tasks depend on sizes
/// only, and sums over them are made in their order.
template <class Model, Likelihood L, class D>
class Objective {
 public:
  using Scalar = typename Model::Scalar;

  [[gnu::cold]] Objective(Index capacity, L likelihood, D divergence, const DivergenceContext& run = {})
      : capacity_(capacity),
        likelihood_(std::move(likelihood)),
        divergence_(std::move(divergence)),
        input_(static_cast<std::size_t>(Model::kFeatures * capacity)),
        noise_(static_cast<std::size_t>(Model::kLatents * capacity)),
        z_(static_cast<std::size_t>(Model::kLatents * capacity)),
        z_delta_(static_cast<std::size_t>(Model::kLatents * capacity)),
        encoder_(capacity, input_.data(), nullptr),
        head_(capacity, encoder_.output(), encoder_.output_delta()),
        decoder_(capacity, z_.data(), z_delta_.data()),
        terms_(Model::kLatents, capacity, run),
        values_(static_cast<std::size_t>(capacity)),
        gradient_(static_cast<std::size_t>(Model::kParameters)) {
    if constexpr (requires { divergence_.prepare(terms_); }) divergence_.prepare(terms_);
    add_tasks<typename Model::EncoderNetwork>(kEncoder, 0);
    add_tasks<typename Model::HeadNetwork>(kHead, Model::kHeadOffset);
    add_tasks<typename Model::DecoderNetwork>(kDecoder, Model::kDecoderOffset);
    if constexpr (kGradientsAreProducts) {
      Index covered = 0;
      for (const Task& task : tasks_) covered += task.range.count;
      if (covered != Model::kParameters)
        throw std::logic_error("Objective: the ranges of a layer's gradient must be all of its parameters");
    }
    norms_.resize(kNorms * static_cast<std::size_t>(Pass(Mode::kTraining, Member{}, capacity).shard_count()));
    squares_.resize(tasks_.size());
  }
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  /// What Dropout and its like draw from in the batches to come; without it they do nothing.
  void draw_from(const LayerRandom& random) { random_ = random; }

  /// The objective and its whole gradient.
  ///
  /// \param load called for each shard as load(shard, x, noise): fills x (features x shard) and noise (latents x shard)
  template <class Load>
  void compute(const Member& member, Model& model, Index samples, double beta, const Progress& progress, Load&& load) {
    compute_deltas(member, model, samples, beta, progress, std::forward<Load>(load));
    compute_gradient(member, model, samples);
  }

  /// The first half of `compute`: the losses, and the gradients at the outputs of all layers.
  template <class Load>
  void compute_deltas(const Member& member, Model& model, Index samples, double beta, const Progress& progress,
                      Load&& load) {
    const Pass pass(Mode::kTraining, member, samples, random_);
    const Pass decoder_pass = pass.from_layer(kDecoderLayers);
    const Scalar* p = model.parameters().data();
    Scalar* state = model.state().data();
    pass.for_own_shards([&](Shard s) {
      load(s, View<Scalar>(input(s), Model::kFeatures, s.count), View<Scalar>(noise(s), Model::kLatents, s.count));
    });
    Model::EncoderNetwork::forward(pass, p, state, encoder_);
    Model::HeadNetwork::forward(pass, p + Model::kHeadOffset, state, head_);
    pass.for_own_shards(
        [&](Shard s) { posterior(s).sample(noise_view(s), View<Scalar>(z(s), Model::kLatents, s.count)); });
    member.barrier();
    if (member.rank() == 0) next_task_.store(0, std::memory_order_relaxed);
    const auto q = posterior({0, samples});
    if constexpr (SampleDivergenceOf<D, decltype(q), Progress, DivergenceTerms<Scalar>>) {
      divergence_(pass, q, ConstView<Scalar>(z_.data(), Model::kLatents, samples), progress, terms_);
    } else if (member.rank() == 0) {  // small, and it may need the whole batch: free bits do
      divergence_(q, progress, terms_);
    }
    Model::DecoderNetwork::forward(decoder_pass, p + Model::kDecoderOffset, state + Model::kDecoderStateOffset,
                                   decoder_);
    pass.for_own_shards([&](Shard s) {
      const Index first = s.first * Model::kDecoderOutputs;
      Fitted::evaluate(likelihood_, ConstView<Scalar>(input(s), Model::kFeatures, s.count),
                       ConstView<Scalar>(decoder_.output() + first, Model::kDecoderOutputs, s.count),
                       Scalar(1) / static_cast<Scalar>(samples),
                       std::span<double>(values_.data() + s.first, static_cast<std::size_t>(s.count)),
                       View<Scalar>(decoder_.output_delta() + first, Model::kDecoderOutputs, s.count));
    });
    if constexpr (BatchLikelihood<L>) {
      member.barrier();
      const Scalar slope = static_cast<Scalar>(likelihood_.slope(mean_of_values(samples), Model::kFeatures));
      if (slope != Scalar(1))
        pass.for_own_shards([&](Shard s) {
          Scalar* const delta = decoder_.output_delta() + s.first * Model::kDecoderOutputs;
          for (Index i = 0; i < s.count * Model::kDecoderOutputs; ++i) delta[i] *= slope;
        });
    }
    Model::DecoderNetwork::backward(decoder_pass, p + Model::kDecoderOffset, decoder_);
    member.barrier();
    pass.for_own_shards([&](Shard s) { head_delta(s, static_cast<Scalar>(beta)); });
    Model::HeadNetwork::backward(pass, p + Model::kHeadOffset, head_);
    Model::EncoderNetwork::backward(pass, p, encoder_);
    if constexpr (kGradientsAreProducts) {
      if (const Shard own = pass.own_samples(); own.count > 0) {
        double* squares = norms_.data() + kNorms * static_cast<std::size_t>(own.index);
        Model::EncoderNetwork::squares(own, encoder_, squares);
        Model::HeadNetwork::squares(own, head_, squares + 2 * Model::EncoderNetwork::kLayers);
        Model::DecoderNetwork::squares(own, decoder_,
                                       squares + 2 * (Model::EncoderNetwork::kLayers + Model::HeadNetwork::kLayers));
      }
    }
    member.barrier();
  }

  /// The second half: the gradient of the parameters.
  void compute_gradient(const Member& member, const Model& model, Index samples) {
    for_each_task([&](std::size_t t) { run_task(t, samples, model.parameters().data()); });
    member.barrier();
  }

  /// Every gradient of the model's parameters is a product, so it need not be there as a whole: see `bound` and
  /// `compute_gradient_in_parts`.
  static constexpr bool kGradientsAreProducts = Model::EncoderNetwork::kGradientsAreProducts &&
                                                Model::HeadNetwork::kGradientsAreProducts &&
                                                Model::DecoderNetwork::kGradientsAreProducts;

  /// After `compute_deltas`: the gradient's norm is not larger than this. Infinite or NaN if it may not be finite.
  [[nodiscard]] double bound(const Member& member, Index samples) const {
    double sum = 0;
    for (std::size_t layer = 0; layer < kNorms; layer += 2) {
      double inputs = 0;
      double deltas = 0;
      for (int rank = 0; rank < member.size(); ++rank) {
        const Shard own = Pass(Mode::kTraining, Member(rank, member.size(), nullptr), samples).own_samples();
        if (own.count == 0) continue;
        inputs += norms_[kNorms * static_cast<std::size_t>(own.index) + layer];
        deltas += norms_[kNorms * static_cast<std::size_t>(own.index) + layer + 1];
      }
      sum += rounded(inputs * deltas);
    }
    return std::sqrt(sum);
  }

  /// Instead of compute_gradient: each part of the gradient goes to `scratch` (largest_part() values) and from there,
  /// as long as it is in the cache, to use(first, part), with the place of its first value among the parameters.
  /// gradient() is not filled. `use` may change the parameters. upcoming(first) names the arrays that `use` will need.
  template <class Next, class Use>
  void compute_gradient_in_parts(const Member& member, Index samples, Scalar* scratch, Next&& upcoming, Use&& use) {
    for_each_task([&](std::size_t t) {
      const auto& [part, task, range] = tasks_[t];
      Scalar* const g = scratch;
      const kernels::Upcoming<Scalar> next = upcoming(range.first);
      if (part == kEncoder) {
        squares_[t] = Model::EncoderNetwork::gradient_to(task, samples, encoder_, g, next);
      } else if (part == kHead) {
        squares_[t] = Model::HeadNetwork::gradient_to(task, samples, head_, g, next);
      } else {
        squares_[t] = Model::DecoderNetwork::gradient_to(task, samples, decoder_, g, next);
      }
      use(range.first, std::span<const Scalar>(g, static_cast<std::size_t>(range.count)));
    });
    member.barrier();
  }
  [[nodiscard]] Index largest_part() const {
    Index largest = 0;
    for (const Task& task : tasks_) largest = std::max(largest, task.range.count);
    return largest;
  }

  /// The convenience form: one thread, given data and noise (for gradient checks and comparisons).
  Losses compute(Model& model, const Matrix<Scalar>& x, const Matrix<Scalar>& noise, double beta,
                 const Progress& progress = {}) {
    if (x.cols() < Model::kLeastSamples || x.cols() > capacity_ || x.rows() != Model::kFeatures ||
        noise.rows() != Model::kLatents || noise.cols() != x.cols())
      throw std::invalid_argument(message("Objective: x must be features x samples and noise latents x samples, with ",
                                          Model::kLeastSamples, " to ", capacity_, " samples"));
    const FlushDenormals flush;  // as members of a team do
    compute(Member{}, model, x.cols(), beta, progress, [&](Shard s, View<Scalar> x_out, View<Scalar> noise_out) {
      x_out = x.middleCols(s.first, s.count);
      noise_out = noise.middleCols(s.first, s.count);
    });
    return losses(x.cols(), beta);
  }

  /// Results of the last `compute`.
  [[nodiscard]] Losses losses(Index samples, double beta) const {
    Losses result;
    result.reconstruction = mean_of_values(samples);
    if constexpr (BatchLikelihood<L>)
      result.reconstruction = likelihood_.value(result.reconstruction, Model::kFeatures);
    result.divergence = terms_.value;
    result.kl = terms_.kl();
    result.objective = result.reconstruction + rounded(beta * result.divergence);
    return result;
  }
  [[nodiscard]] const Vector<double>& kl_per_latent() const { return terms_.kl_per_latent; }
  /// What the divergence reports beside its value; may be empty.
  [[nodiscard]] std::span<const DivergencePart> divergence_parts() const { return terms_.parts; }
  /// Same layout as the model's parameters.
  [[nodiscard]] std::span<const Scalar> gradient() const { return gradient_; }
  [[nodiscard]] double gradient_norm() const {
    double sum = 0;
    for (const double square : squares_) sum += square;
    return std::sqrt(sum);
  }

  /// After a `compute` whose losses or gradient are not finite: the error that names the first place, in the order of
  /// computing.
  [[nodiscard]] [[gnu::cold]] DivergedError diagnose(Index samples, std::int64_t step) const {
    std::string tensor;
    const char* const what = first_non_finite(samples, tensor);
    return {step, what, std::move(tensor)};
  }

 private:
  using Fitted = LikelihoodOn<L, typename Model::Input, typename Model::DecoderNetwork::Output>;

  static constexpr std::size_t kNorms =
      2 * static_cast<std::size_t>(Model::EncoderNetwork::kLayers + Model::HeadNetwork::kLayers +
                                   Model::DecoderNetwork::kLayers);
  /// Layers of the decoder draw other random numbers than those of the encoder.
  static constexpr std::uint64_t kDecoderLayers = std::uint64_t{1} << 15;
  enum Part : int { kEncoder, kHead, kDecoder };
  struct Task {
    Part part;
    GradientTask task;
    GradientRange range;  // among all parameters, if kGradientsAreProducts
  };

  /// Its kind; its name goes to `tensor`.
  [[gnu::cold]] const char* first_non_finite(Index samples, std::string& tensor) const {
    if (const int i = Model::EncoderNetwork::first_non_finite(samples, encoder_); i >= 0) {
      tensor = message("encoder.", i);
      return "output";
    }
    if (Model::HeadNetwork::first_non_finite(samples, head_) >= 0) {
      tensor = "latent (mu, log_variance)";
      return "output";
    }
    if (!all_finite(z_.data(), Model::kLatents * samples)) {
      tensor = "latent (z)";
      return "sample";
    }
    if (!std::isfinite(terms_.value)) {
      tensor = "latent";
      return "divergence";
    }
    if (const int i = Model::DecoderNetwork::first_non_finite(samples, decoder_); i >= 0) {
      tensor = message("decoder.", i);
      return "output";
    }
    if (!std::isfinite(losses(samples, 0).reconstruction)) {
      tensor = message(name_of(likelihood_), " (reconstruction)");
      return "loss";
    }
    for (const auto& [name, info, offset] : Model::parameter_tensors())
      for (Index row = 0; row < info.rows(); ++row)
        for (Index column = 0; column < info.columns(); ++column)
          if (!std::isfinite(gradient_[static_cast<std::size_t>(offset + info.position(row, column))])) {
            tensor = name;
            return "gradient";
          }
    tensor = "the parameters (learning rate times gradient)";
    return "update";
  }

  template <class Net>
  void add_tasks(Part part, Index offset) {
    Net::for_each_gradient_task([&](const GradientTask& task) {
      tasks_.push_back({part, task, {}});
      if constexpr (kGradientsAreProducts) {
        Task added = tasks_.back();
        added.range = Net::gradient_range(task);
        added.range.first += offset;
        // The largest tasks first, so that no member has a large one left when the others are done.
        std::size_t place = tasks_.size() - 1;
        for (; place > 0 && tasks_[place - 1].range.count < added.range.count; --place)
          tasks_[place] = tasks_[place - 1];
        tasks_[place] = added;
      }
    });
  }

  template <class Function>
  void for_each_task(Function&& function) {
    for (std::size_t t = next_task_.fetch_add(1); t < tasks_.size(); t = next_task_.fetch_add(1)) function(t);
  }

  [[nodiscard]] double mean_of_values(Index samples) const {
    double sum = 0;
    for (Index s = 0; s < samples; ++s) sum += values_[static_cast<std::size_t>(s)];
    return sum / static_cast<double>(samples);
  }

  Scalar* input(Shard s) { return input_.data() + s.first * Model::kFeatures; }
  Scalar* noise(Shard s) { return noise_.data() + s.first * Model::kLatents; }
  Scalar* z(Shard s) { return z_.data() + s.first * Model::kLatents; }
  ConstView<Scalar> noise_view(Shard s) { return {noise(s), Model::kLatents, s.count}; }
  auto posterior(Shard s) const {
    return Model::Latent::posterior(static_cast<const Scalar*>(head_.output()) + s.first * Model::Latent::kHeadOutputs,
                                    s.count);
  }

  /// Gradient at the head's output: through the sample, plus beta times the divergence's.
  void head_delta(Shard s, Scalar beta) {
    Scalar* delta = head_.output_delta() + s.first * Model::Latent::kHeadOutputs;
    auto d_mu = Model::Latent::mu_rows(delta, s.count);
    auto d_log_variance = Model::Latent::log_variance_rows(delta, s.count);
    const auto rows = [&](const Scalar* first) {
      return ConstView<Scalar>(first + s.first * Model::kLatents, Model::kLatents, s.count);
    };
    const ConstView<Scalar> d_z = terms_.d_z.size() == 0 ? ConstView<Scalar>(nullptr, 0, 0) : rows(terms_.d_z.data());
    posterior(s).objective_gradient(noise_view(s), rows(z_delta_.data()), beta, d_z, rows(terms_.d_mu.data()),
                                    rows(terms_.d_log_variance.data()), d_mu, d_log_variance);
  }

  void run_task(std::size_t t, Index samples, const Scalar* p) {
    const auto& [part, task, range] = tasks_[t];
    Scalar* g = gradient_.data();
    if (part == kEncoder) {
      squares_[t] = Model::EncoderNetwork::gradient(task, samples, p, encoder_, g);
    } else if (part == kHead) {
      squares_[t] = Model::HeadNetwork::gradient(task, samples, p + Model::kHeadOffset, head_, g + Model::kHeadOffset);
    } else {
      squares_[t] = Model::DecoderNetwork::gradient(task, samples, p + Model::kDecoderOffset, decoder_,
                                                    g + Model::kDecoderOffset);
    }
  }

  Index capacity_;
  L likelihood_;
  D divergence_;
  Arena<Scalar> input_;
  Arena<Scalar> noise_;
  Arena<Scalar> z_;
  Arena<Scalar> z_delta_;
  typename Model::EncoderNetwork::template Activations<Scalar> encoder_;
  typename Model::HeadNetwork::template Activations<Scalar> head_;
  typename Model::DecoderNetwork::template Activations<Scalar> decoder_;
  std::optional<LayerRandom> random_;
  DivergenceTerms<Scalar> terms_;
  Arena<double> values_;
  Arena<Scalar> gradient_;
  std::vector<Task> tasks_;
  Arena<double> squares_;  // of the tasks' gradients
  Arena<double> norms_;    // see Network::squares; kNorms for each shard that is the first of a member
  alignas(64) std::atomic<std::size_t> next_task_{0};
};

}  // namespace bvae
