// Every divergence inside the Objective: the whole gradient of a model, threads, and a training run.
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace {

using namespace bvae;

constexpr double kBeta = 2.5;
constexpr Index kLatents = 5;

template <class Scalar>
using Model =
    Vae<Features<12>, Encoder<Linear<11>, Tanh>, Latent<kLatents>, Decoder<Linear<9>, Tanh, Linear<12>>, Scalar>;

template <class Scalar>
Matrix<Scalar> draw(Index rows, Index samples, std::uint64_t step, bool uniform) {
  Matrix<Scalar> m(rows, samples);
  const RandomStream random({5}, Stream::kUser, step);
  for (Index s = 0; s < samples; ++s) {
    const std::span<Scalar> column(m.col(s).data(), static_cast<std::size_t>(rows));
    uniform ? random.uniform(static_cast<std::uint32_t>(s), column)
            : random.normal(static_cast<std::uint32_t>(s), column);
  }
  return m;
}

// Posteriors that differ from sample to sample and from latent to latent.
template <class Scalar>
Model<Scalar> wide_model() {
  Model<Scalar> model(Seed{3});
  for (const NamedTensor& tensor : Model<Scalar>::parameter_tensors()) {
    if (!tensor.name.starts_with("latent.")) continue;
    const Index columns = tensor.info.size() / tensor.info.extents[0];
    for (Index row = 0; row < tensor.info.extents[0]; ++row)
      for (Index i = 0; i < columns; ++i)
        model.parameters()[static_cast<std::size_t>(tensor.offset + tensor.info.position(row, i))] *=
            static_cast<Scalar>(std::ldexp(4.0, -static_cast<int>(row % kLatents)));
  }
  return model;
}

template <class Check>
void for_all_divergences(Check&& check) {
  check("kl per sample and latent", Kl{.free_bits = 0.02, .form = FreeBits::kPerSampleAndLatent});
  check("kl per sample", Kl{.free_bits = 0.3, .form = FreeBits::kPerSample});
  check("kl masked by sample", Kl{.free_bits = 0.3, .form = FreeBits::kMaskPerSample});
  check("kl masked by sample and latent", Kl{.free_bits = 0.1, .form = FreeBits::kMaskPerSampleAndLatent});
  check("kl total", Kl{.free_bits = 0.1, .form = FreeBits::kTotal});
  check("kl total clamped", Kl{.free_bits = 30, .form = FreeBits::kTotal});
  check("kl masked total", Kl{.free_bits = 0.1, .form = FreeBits::kMaskTotal});
  check("capacity above", Capacity{Constant{40.0}, 3.0});
  check("capacity below", Capacity{Constant{0.01}, 3.0});
  check("stratified", TotalCorrelation{.alpha = 0.7, .gamma = 1.3});
  check("weighted", TotalCorrelation{.alpha = 0.7, .gamma = 1.3, .estimator = MinibatchEstimator::kWeighted});
  check("weights of zero", TotalCorrelation{.alpha = 0, .beta_tc = 2, .gamma = 0, .data_size = 5000});
  check("dip I", DipVae{.lambda_od = 3, .lambda_d = 7});
  check("dip II", DipVae{.type = DipType::kII, .lambda_od = 3, .lambda_d = 7});
  check("rbf", Mmd{.lambda = 50, .kl_weight = 0.5});
  check("multiquadratic", Mmd{.lambda = 50, .kernel = MmdKernel::kInverseMultiquadratic, .bandwidth = 0.5});
}

constexpr DivergenceContext kContext{.data_size = 700, .seed = Seed{9}};

}  // namespace

TEST_CASE("Objective: the whole gradient is right with every divergence", "[divergences][gradient]") {
  for_all_divergences([](const std::string& name, const auto& divergence) {
    for (const Index samples : {3, 5, 17}) {
      auto model = wide_model<double>();
      const auto x = draw<double>(12, samples, 1, true);
      const auto noise = draw<double>(kLatents, samples, 2, false);
      Objective<Model<double>, Gaussian, std::remove_cvref_t<decltype(divergence)>> objective(samples, {.sigma = 0.8},
                                                                                              divergence, kContext);
      objective.compute(model, x, noise, kBeta);
      const std::vector<double> gradient(objective.gradient().begin(), objective.gradient().end());
      const auto check = testing::check_gradient<double>(
          model.parameters(), gradient, [&] { return objective.compute(model, x, noise, kBeta).objective; },
          {.step = 2e-4, .max_coordinates = 400});
      INFO(name << ", " << samples << " samples: " << check.relative_error << ", " << check.numeric << " instead of "
                << check.analytic);
      CHECK(check.relative_error <= 1e-8);
    }
  });
}

TEST_CASE("Objective: no divergence depends on the number of threads or on earlier batches", "[divergences][threads]") {
  for_all_divergences([](const std::string& name, const auto& divergence) {
    using D = std::remove_cvref_t<decltype(divergence)>;
    for (const Index samples : {1, 7, 50}) {
      std::vector<float> first;
      std::vector<double> first_values;
      for (int threads = 1; threads <= 4; ++threads) {
        auto model = wide_model<float>();
        Team team(threads);
        Objective<Model<float>, Gaussian, D> objective(64, {}, divergence, kContext);
        const auto compute = [&](Index count, float scale) {
          const Matrix<float> x = draw<float>(12, count, 1, true) * scale;
          const auto noise = draw<float>(kLatents, count, 2, false);
          team.run([&](const Member& member) {
            objective.compute(member, model, count, kBeta, Progress::at(3, 10), [&](Shard s, auto x_out, auto e_out) {
              x_out = x.middleCols(s.first, s.count);
              e_out = noise.middleCols(s.first, s.count);
            });
          });
        };
        // What a larger batch left must not matter, not even NaN.
        if (threads == 2) compute(64, 1);
        if (threads == 3) compute(64, std::numeric_limits<float>::quiet_NaN());
        compute(samples, 1);
        const std::vector<float> gradient(objective.gradient().begin(), objective.gradient().end());
        std::vector<double> values{objective.losses(samples, kBeta).divergence, objective.losses(samples, kBeta).kl};
        for (const DivergencePart& part : objective.divergence_parts()) values.push_back(part.value);
        INFO(name << ", " << samples << " samples, " << threads << " threads");
        if (threads == 1) {
          first = gradient;
          first_values = values;
        }
        CHECK(std::isfinite(values[0]));
        CHECK(bvae_test::same_bits(gradient, first));
        CHECK(bvae_test::same_bits(values, first_values));
      }
    }
  });
}

TEST_CASE("Trainer: tells a divergence the data's size and the seed, and callbacks its parts", "[divergences]") {
  Matrix<float> data = draw<float>(12, 50, 4, true);
  const auto run = [&](const auto& divergence, Seed seed, int threads) {
    Model<float> model(Seed{1});
    Trainer trainer{model, Gaussian{}, divergence, Constant{1.0}, Adam{}};
    std::vector<double> values;
    trainer.fit(Dataset(data), {.epochs = 2, .batch_size = 16, .seed = seed, .threads = threads},
                [&](const StepEnd& e) {
                  values.push_back(e.losses.divergence);
                  for (const DivergencePart& part : e.divergence_parts) values.push_back(part.value);
                });
    return values;
  };
  const auto correlation = run(TotalCorrelation{}, Seed{1}, 1);
  CHECK(correlation.size() == 8 * 4);  // the last batch of an epoch has 2 samples
  CHECK(correlation == run(TotalCorrelation{}, Seed{1}, 3));
  CHECK(correlation == run(TotalCorrelation{.data_size = 50}, Seed{1}, 2));
  CHECK(correlation != run(TotalCorrelation{.data_size = 51}, Seed{1}, 2));
  for (std::size_t i = 0; i < correlation.size(); i += 4) {
    CHECK(correlation[i + 1] <= std::log(50.0) + 1e-9);
    CHECK(correlation[i] == Approx(correlation[i + 1] + 6 * correlation[i + 2] + correlation[i + 3]).margin(1e-12));
  }
  const auto discrepancy = run(Mmd{.kl_weight = 0}, Seed{1}, 1);
  CHECK(discrepancy == run(Mmd{.kl_weight = 0}, Seed{1}, 2));
  CHECK(discrepancy != run(Mmd{.kl_weight = 0}, Seed{2}, 1));
  CHECK(run(Kl{}, Seed{1}, 1).size() == 8);
}
