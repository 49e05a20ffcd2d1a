#include <string>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

namespace {

using bvae::Index;

constexpr double kBeta = 2.5;
constexpr Index kLatents = 5;

template <class Scalar, class Activation>
using Model = bvae::Vae<bvae::Image<2, 3, 4>, bvae::Encoder<bvae::Flatten, bvae::Linear<11>, Activation>,
                        bvae::Latent<kLatents>, bvae::Decoder<bvae::Linear<9>, Activation, bvae::Linear<24>>, Scalar>;

template <class Activation, class... End>
using EndsIn = bvae::Vae<bvae::Image<2, 3, 4>, bvae::Encoder<bvae::Flatten, bvae::Linear<11>, Activation>,
                         bvae::Latent<kLatents>, bvae::Decoder<bvae::Linear<9>, Activation, End...>, double>;

// Features as an image of four channels: two means and two log variances for each pixel.
struct AsFourChannels {
  template <bvae::Shape In>
  struct Bind {
    static constexpr bool kIdentity = true;
    using Output = bvae::Image<4, 3, 4>;
  };
};

template <class Scalar>
bvae::Matrix<Scalar> draw(Index rows, Index samples, std::uint64_t step, bool uniform) {
  bvae::Matrix<Scalar> m(rows, samples);
  const bvae::RandomStream random({5}, bvae::Stream::kUser, step);
  for (Index s = 0; s < samples; ++s) {
    const std::span<Scalar> column(m.col(s).data(), static_cast<std::size_t>(rows));
    if (uniform) {
      random.uniform(static_cast<std::uint32_t>(s), column);
    } else {
      random.normal(static_cast<std::uint32_t>(s), column);
    }
  }
  return m;
}

// Latents of unequal KL: the rows of the head are scaled differently.
template <class M>
M unequal_model() {
  M model(bvae::Seed{3});
  for (const bvae::NamedTensor& tensor : M::parameter_tensors()) {
    if (!tensor.name.starts_with("latent.")) continue;
    const Index columns = tensor.info.size() / tensor.info.extents[0];
    for (Index row = 0; row < tensor.info.extents[0]; ++row)
      for (Index i = 0; i < columns; ++i)
        bvae_test::at(model.parameters(), tensor, row, i) *=
            static_cast<typename M::Scalar>(std::ldexp(16.0, -static_cast<int>(row % kLatents)));
  }
  return model;
}

struct Setting {
  Index samples;
  double free_bits;
};
const std::vector<Setting> kSettings{{3, 0.0}, {3, 0.065}, {5, 0.0}, {5, 0.065}, {40, 0.065}};

// So short that none of the hundreds of ReLUs switches on the way.
constexpr double kStepAtKinks = 2e-6;

template <class M, class L>
void check_gradient(const L& likelihood, double step = 2e-4) {
  for (const auto& [samples, free_bits] : kSettings) {
    M model = unequal_model<M>();
    const auto x = draw<double>(M::kFeatures, samples, 1, true);
    const auto noise = draw<double>(kLatents, samples, 2, false);
    bvae::Objective<M, L, bvae::Kl> objective(samples, likelihood, {.free_bits = free_bits});
    objective.compute(model, x, noise, kBeta);
    if (free_bits > 0) {
      const auto active = (objective.kl_per_latent().array() > free_bits).count();
      INFO(objective.kl_per_latent().transpose());
      REQUIRE(active > 0);
      REQUIRE(active < kLatents);
      // Far enough from the kink for the differences.
      REQUIRE((objective.kl_per_latent().array() - free_bits).abs().minCoeff() > 0.005);
    }
    const std::vector<double> gradient(objective.gradient().begin(), objective.gradient().end());
    const auto result = bvae::testing::check_gradient<double>(
        model.parameters(), gradient, [&] { return objective.compute(model, x, noise, kBeta).objective; },
        {.step = step, .max_coordinates = 2000});
    INFO(samples << " samples, free bits " << free_bits << ": " << result.relative_error << " at " << result.worst
                 << ": " << result.numeric << " instead of " << result.analytic);
    CHECK(result.checked == gradient.size());
    CHECK(result.relative_error <= 1e-8);
  }
}

// The float model with the same parameters, data and noise.
template <class Activation, class L>
void check_float(const L& likelihood) {
  using Wide = Model<double, Activation>;
  using Narrow = Model<float, Activation>;
  for (const auto& [samples, free_bits] : kSettings) {
    Narrow narrow = unequal_model<Narrow>();
    Wide wide;
    std::copy(narrow.parameters().begin(), narrow.parameters().end(), wide.parameters().begin());
    const auto x = draw<float>(Wide::kFeatures, samples, 1, true);
    const auto noise = draw<float>(kLatents, samples, 2, false);
    bvae::Objective<Narrow, L, bvae::Kl> small(samples, likelihood, {.free_bits = free_bits});
    bvae::Objective<Wide, L, bvae::Kl> large(samples, likelihood, {.free_bits = free_bits});
    const double a = small.compute(narrow, x, noise, kBeta).objective;
    const double b = large.compute(wide, x.template cast<double>(), noise.template cast<double>(), kBeta).objective;
    double error = 0;
    double largest = 0;
    for (std::size_t i = 0; i < large.gradient().size(); ++i) {
      error = std::max(error, std::abs(static_cast<double>(small.gradient()[i]) - large.gradient()[i]));
      largest = std::max(largest, std::abs(large.gradient()[i]));
    }
    INFO(samples << " samples, free bits " << free_bits << ": objective " << a << " and " << b << ", gradient "
                 << error / largest);
    CHECK(std::abs(a / b - 1) <= 1e-6);
    CHECK(error <= 1e-5 * largest);
  }
}

}  // namespace

TEST_CASE("Objective: the whole gradient is right with Bernoulli", "[training][gradient]") {
  check_gradient<Model<double, bvae::Tanh>>(bvae::Bernoulli{});
  check_gradient<Model<double, bvae::SiLU>>(bvae::Bernoulli{});
  check_gradient<Model<double, bvae::ReLU>>(bvae::Bernoulli{}, kStepAtKinks);
}

TEST_CASE("Objective: the whole gradient is right with Gaussian", "[training][gradient]") {
  check_gradient<Model<double, bvae::GELU>>(bvae::Gaussian{.sigma = 0.3});
  check_gradient<Model<double, bvae::ReLU>>(bvae::Gaussian{}, kStepAtKinks);
}

TEST_CASE("Objective: the whole gradient is right with Laplace", "[training][gradient]") {
  check_gradient<Model<double, bvae::Tanh>>(bvae::Laplace{.scale = 0.4}, kStepAtKinks);
}

TEST_CASE("Objective: the whole gradient is right with ContinuousBernoulli", "[training][gradient]") {
  check_gradient<Model<double, bvae::Tanh>>(bvae::ContinuousBernoulli{});
}

TEST_CASE("Objective: the whole gradient is right with GaussianPerPixel, for features and for an image",
          "[training][gradient]") {
  check_gradient<EndsIn<bvae::Tanh, bvae::Linear<48>>>(bvae::GaussianPerPixel{.min_log_variance = -1});
  check_gradient<EndsIn<bvae::Tanh, bvae::Linear<48>, AsFourChannels>>(bvae::GaussianPerPixel{.min_log_variance = -1});
}

TEST_CASE("Objective: the whole gradient is right with LearnedGaussian, log sigma included", "[training][gradient]") {
  check_gradient<EndsIn<bvae::Tanh, bvae::Linear<24>, bvae::SharedLogSigma>>(bvae::LearnedGaussian{});
  check_gradient<EndsIn<bvae::Tanh, bvae::Linear<24>, bvae::SharedLogSigma>>(
      bvae::LearnedGaussian{.min_log_sigma = 0.25});
}

TEST_CASE("Objective: the whole gradient is right with OptimalGaussian, which needs the whole batch",
          "[training][gradient]") {
  check_gradient<Model<double, bvae::Tanh>>(bvae::OptimalGaussian{});
}

TEST_CASE("Objective: the gradient in float is the one in double", "[training][gradient]") {
  check_float<bvae::ReLU>(bvae::Bernoulli{});
  check_float<bvae::SiLU>(bvae::Gaussian{.sigma = 0.3});
}

TEST_CASE("Objective: reports plain and clamped divergence, and beta multiplies the clamped one", "[training]") {
  using M = Model<double, bvae::Tanh>;
  M model = unequal_model<M>();
  const auto x = draw<double>(M::kFeatures, 5, 1, true);
  const auto noise = draw<double>(kLatents, 5, 2, false);
  bvae::Objective<M, bvae::Bernoulli, bvae::Kl> objective(5, {}, {.free_bits = 0.065});
  const bvae::Losses losses = objective.compute(model, x, noise, kBeta);
  const bvae::Vector<double> kl = objective.kl_per_latent();
  CHECK(losses.kl == Approx(kl.sum()).epsilon(1e-14));
  CHECK(losses.divergence == Approx(kl.array().max(0.065).sum()).epsilon(1e-14));
  CHECK(losses.divergence > losses.kl);
  CHECK(losses.objective == Approx(losses.reconstruction + kBeta * losses.divergence).epsilon(1e-14));
}
