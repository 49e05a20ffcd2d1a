// The terms of the objective: likelihoods, the latent space, divergences that compare all pairs of samples.
#include <string>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

namespace kernels = bvae::kernels;

constexpr Index kFeatures = 784;

/// `outputs` of the decoder for each of the features, 64 samples.
struct Outputs {
  static constexpr Index kSamples = 64;
  explicit Outputs(Index count)
      : target(numbers(kFeatures * kSamples, 0.0f, 1.0f)),
        output(numbers(count * kSamples, -8.0f, 8.0f)),
        gradient(output.size()),
        values(numbers<double>(kSamples)) {}
  bvae::Arena<float> target, output, gradient;
  bvae::Arena<double> values;
};

template <class Pass>
void add_likelihood(const std::string& name, Index outputs, double bytes, Pass pass) {
  add(name + "/784x64", [=](benchmark::State& state) {
    Outputs o(outputs);
    measure_pass(state, kFeatures * Outputs::kSamples, bytes, [&] { pass(o); });
  });
}

void add_likelihoods() {
  constexpr Index kSamples = Outputs::kSamples;
  add_likelihood("bernoulli", kFeatures, 12, [](Outputs& o) {
    kernels::bernoulli(kFeatures, kSamples, o.target.data(), o.output.data(), 1.0f, o.values.data(), o.gradient.data());
  });
  add_likelihood("continuous_bernoulli", kFeatures, 12, [](Outputs& o) {
    kernels::continuous_bernoulli(kFeatures, kSamples, o.target.data(), o.output.data(), 1.0f, o.values.data(),
                                  o.gradient.data());
  });
  add_likelihood("squared_error", kFeatures, 12, [](Outputs& o) {
    kernels::squared_error(kFeatures, kSamples, o.target.data(), o.output.data(), 0.5, 1.0f, o.values.data(),
                           o.gradient.data());
  });
  add_likelihood("absolute_error", kFeatures, 12, [](Outputs& o) {
    kernels::absolute_error(kFeatures, kSamples, o.target.data(), o.output.data(), 1.0, 1.0f, o.values.data(),
                            o.gradient.data());
  });
  add_likelihood("gaussian_per_pixel", 2 * kFeatures, 20, [](Outputs& o) {
    kernels::gaussian_per_pixel(kFeatures, kFeatures, kSamples, o.target.data(), o.output.data(), -6.0f, 1.0f,
                                o.values.data(), o.gradient.data());
  });
  add_likelihood("gaussian_with_log_sigma", kFeatures + 1, 12, [](Outputs& o) {
    kernels::gaussian_with_log_sigma(kFeatures, kSamples, o.target.data(), o.output.data(), -6.0, 1.0f, o.values.data(),
                                     o.gradient.data());
  });
  add_likelihood("binary_entropy", kFeatures, 4, [](Outputs& o) {
    kernels::binary_entropy<float>(kFeatures, kSamples, o.target.data(), o.values.data());
  });
  add_map("continuous_bernoulli_mean", kInCache, -8, 8,
          [](Index n, const float* from, float* to) { kernels::continuous_bernoulli_mean<float>(n, from, to); });
}

void add_latent() {
  constexpr Index kLatents = 20, kSamples = 128;
  using kernels::Columns;
  struct Posterior {
    bvae::Arena<float> head = numbers(2 * kLatents * kSamples), delta = numbers(2 * kLatents * kSamples),
                       noise = numbers(kLatents * kSamples), z = numbers(kLatents * kSamples),
                       dz = numbers(kLatents * kSamples), kl = numbers(2 * kLatents * kSamples);
    bvae::Arena<double> weight = numbers<double>(kLatents), means = numbers<double>(kLatents),
                        values = numbers<double>(kLatents * kSamples);
    static Columns<const float> mu(const bvae::Arena<float>& of) { return {of.data(), 2 * kLatents}; }
    static Columns<const float> log_variance(const bvae::Arena<float>& of) {
      return {of.data() + kLatents, 2 * kLatents};
    }
    Columns<float> d_mu() { return {delta.data(), 2 * kLatents}; }
    Columns<float> d_log_variance() { return {delta.data() + kLatents, 2 * kLatents}; }
  };
  const auto add_pass = [](const std::string& name, double bytes, auto pass) {
    add(name + "/20x128", [=](benchmark::State& state) {
      Posterior p;
      measure_pass(state, kLatents * kSamples, bytes, [&] { pass(p); });
    });
  };
  add_pass("gaussian_sample", 16, [](Posterior& p) {
    kernels::gaussian_sample<float>(kLatents, kSamples, p.mu(p.head), p.log_variance(p.head),
                                    {p.noise.data(), kLatents}, {p.z.data(), kLatents});
  });
  add_pass("gaussian_gradient", 28, [](Posterior& p) {
    kernels::gaussian_gradient<float>(kLatents, kSamples, p.log_variance(p.head), {p.noise.data(), kLatents},
                                      {p.dz.data(), kLatents}, {1, p.mu(p.kl), p.log_variance(p.kl)}, p.d_mu(),
                                      p.d_log_variance());
  });
  add_pass("gaussian_kl", 8, [](Posterior& p) {
    kernels::gaussian_kl<float>(kLatents, kSamples, p.mu(p.head), p.log_variance(p.head), p.means.data());
  });
  add_pass("gaussian_kl_values", 16, [](Posterior& p) {
    kernels::gaussian_kl_values<float>(kLatents, kSamples, p.mu(p.head), p.log_variance(p.head), p.values.data());
  });
  add_pass("gaussian_kl_gradient", 16, [](Posterior& p) {
    kernels::gaussian_kl_gradient<float>(kLatents, kSamples, p.mu(p.head), p.log_variance(p.head), p.weight.data(),
                                         p.d_mu(), p.d_log_variance());
  });
}

/// 128 samples of 10 latents; a value is a pair of samples in one latent.
void add_pairs() {
  constexpr Index kLatents = 10, kSamples = 128;
  struct Pairs {
    bvae::Arena<double> z = numbers<double>(kLatents * kSamples), mean = numbers<double>(kLatents * kSamples),
                        half_precision = numbers<double>(kLatents * kSamples, 0.5, 2),
                        log_scale = numbers<double>(kLatents * kSamples), log_weight = numbers<double>(2 * kSamples),
                        weights = numbers<double>(kSamples * kSamples), row = numbers<double>(kSamples),
                        maxima = numbers<double>(kSamples), sums = numbers<double>(kSamples),
                        d_z = numbers<double>(kSamples), d_mean = numbers<double>(kSamples),
                        d_log_variance = numbers<double>(kSamples), slopes = numbers<double>(kLatents);
    [[nodiscard]] kernels::Densities densities() const {
      return {mean.data(), half_precision.data(), log_scale.data()};
    }
  };
  const auto add_pass = [](const std::string& name, Index latents, double bytes, auto pass) {
    add(name + "/" + std::to_string(latents) + "x128x128", [=](benchmark::State& state) {
      Pairs p;
      measure_pass(state, latents * kSamples * kSamples, bytes, [&] { pass(p); });
    });
  };
  add_pass("joint_softmax", kLatents, 24, [](Pairs& p) {
    for (Index i = 0; i < kSamples; ++i)
      benchmark::DoNotOptimize(kernels::joint_softmax(kLatents, kSamples, p.z.data() + i, p.densities(),
                                                      p.log_weight.data() + kSamples - i, p.row.data(), p.sums[0]));
  });
  add_pass("marginal_softmax", 1, 72, [](Pairs& p) {
    kernels::marginal_softmax(kSamples, kSamples, p.z.data(), p.densities(), p.log_weight.data() + kSamples,
                              p.weights.data(), 0.7, p.row.data(), p.maxima.data(), p.sums.data(),
                              {p.d_z.data(), p.d_mean.data(), p.d_log_variance.data()});
  });
  for (const bool quadratic : {false, true})
    add_pass(quadratic ? "kernel_sum_quadratic" : "kernel_sum", kLatents, 8, [quadratic](Pairs& p) {
      for (Index i = 0; i < kSamples; ++i)
        benchmark::DoNotOptimize(kernels::kernel_sum(kLatents, kSamples, kSamples, p.z.data() + i, p.mean.data(),
                                                     {0.05, quadratic}, p.row.data(), p.slopes.data()));
    });
}

/// The covariances of 10 latents over 128 samples, and what is made of them; a value is a sample in a pair of latents.
void add_covariances() {
  constexpr Index kLatents = 10, kSamples = 128;
  struct Latents {
    bvae::Arena<double> centred = numbers<double>(kLatents * kSamples), row = numbers<double>(kSamples);
  };
  const auto add_pass = [](const std::string& name, double bytes, auto pass) {
    add(name + "/10x10x128", [=](benchmark::State& state) {
      Latents l;
      measure_pass(state, kLatents * kLatents * kSamples, bytes, [&] {
        for (Index a = 0; a < kLatents; ++a)
          for (Index b = 0; b < kLatents; ++b) pass(l, a * kSamples, b * kSamples);
      });
    });
  };
  add_pass("dot", 16, [](Latents& l, Index a, Index b) {
    benchmark::DoNotOptimize(kernels::dot(kSamples, l.centred.data() + a, l.centred.data() + b));
  });
  add_pass("add_scaled", 24, [](Latents& l, Index a, Index b) {
    kernels::add_scaled(kSamples, a < b ? 0.3 : -0.3, l.centred.data() + b, l.row.data());
  });
}

}  // namespace

void add_losses() {
  add_likelihoods();
  add_latent();
  add_pairs();
  add_covariances();
}

}  // namespace bvae_benchmark
