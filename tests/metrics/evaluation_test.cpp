#include "bvae/metrics/evaluation.hpp"

#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/models/vae.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using bvae::Bernoulli;
using bvae::Binarization;
using bvae::Dataset;
using bvae::Evaluation;
using bvae::Gaussian;
using bvae::Index;
using bvae::Matrix;
using bvae::RandomStream;
using bvae::Seed;
using bvae::Stream;
using bvae::Vector;

namespace {

constexpr Index kFeatures = 6;
constexpr Index kLatents = 3;
using Model = bvae::Vae<bvae::Features<kFeatures>, bvae::Encoder<bvae::Linear<9>, bvae::Tanh>, bvae::Latent<kLatents>,
                        bvae::Decoder<bvae::Linear<8>, bvae::Tanh, bvae::Linear<kFeatures>>, double>;

Matrix<double> grey(Index samples) {
  Matrix<double> x(kFeatures, samples);
  RandomStream(Seed{8}, Stream::kUser).uniform(0, std::span<double>(x.data(), static_cast<std::size_t>(x.size())));
  return x;
}

/// A model whose posterior moves with the data, each latent by another amount.
Model model() {
  Model m{Seed{2}};
  const auto tensors = Model::parameter_tensors();
  for (Index d = 0; d < kLatents; ++d)
    for (Index i = 0; i < 9; ++i) bvae_test::at(m.parameters(), tensors[2], d, i) *= d == 1 ? 0.02 : 3.0;
  return m;
}

/// The definition, one sample after the other.
Evaluation direct(const Model& m, const Matrix<double>& x, Seed seed) {
  Evaluation e;
  e.samples = x.cols();
  e.kl_per_latent = Vector<double>::Zero(kLatents);
  const auto q = m.encode(x);
  for (Index s = 0; s < x.cols(); ++s) {
    Vector<double> noise(kLatents);
    RandomStream(seed, Stream::kEvaluationNoise)
        .normal(static_cast<std::uint32_t>(s), std::span<double>(noise.data(), kLatents));
    const Vector<double> z = q.mu.col(s).array() + (0.5 * q.log_variance.col(s).array()).exp() * noise.array();
    const Vector<double> l = m.decode(z);
    for (Index i = 0; i < kFeatures; ++i)
      e.reconstruction -= x(i, s) * -std::log1p(std::exp(-l[i])) + (1 - x(i, s)) * -std::log1p(std::exp(l[i]));
    for (Index d = 0; d < kLatents; ++d)
      e.kl_per_latent[d] += 0.5 * (q.mu(d, s) * q.mu(d, s) + std::exp(q.log_variance(d, s)) - q.log_variance(d, s) - 1);
  }
  const double n = static_cast<double>(x.cols());
  e.reconstruction /= n;
  e.kl_per_latent /= n;
  e.kl = e.kl_per_latent.sum();
  e.mu_variance = (q.mu.colwise() - q.mu.rowwise().mean()).array().square().rowwise().mean();
  return e;
}

bool same_bits(const Evaluation& a, const Evaluation& b) {
  return a.reconstruction == b.reconstruction && a.kl == b.kl && a.kl_per_latent == b.kl_per_latent &&
         a.mu_variance == b.mu_variance;
}

}  // namespace

TEST_CASE("evaluate: is the definition for every size, the last short block included", "[metrics]") {
  const Model m = model();
  for (const Index samples : {1, 2, 33, 511, 512, 513, 1031}) {
    const Matrix<double> x = grey(samples);
    const Evaluation e = bvae::evaluate(m, Dataset(x), Bernoulli{}, {.seed = Seed{5}}, 1);
    const Evaluation d = direct(m, x, Seed{5});
    INFO("samples " << samples);
    CHECK(e.samples == samples);
    CHECK(e.reconstruction == Approx(d.reconstruction).epsilon(1e-12));
    CHECK(e.kl == Approx(d.kl).epsilon(1e-12));
    CHECK((e.kl_per_latent - d.kl_per_latent).cwiseAbs().maxCoeff() < 1e-12);
    CHECK((e.mu_variance - d.mu_variance).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(e.active_units() == (d.mu_variance.array() > 0.01).count());
  }
}

TEST_CASE("evaluate: every sample of a short last block weighs as much as the others", "[metrics]") {
  // 513 samples, one of them far from the others: if blocks were averaged, it would count 256 times too much.
  Matrix<double> x = Matrix<double>::Zero(kFeatures, 513);
  x.col(512).setOnes();
  const Model m = model();
  const auto all = bvae::evaluate(m, Dataset(x), Bernoulli{}, {}, 1);
  const auto most = bvae::evaluate(m, Dataset(Matrix<double>(x.leftCols(512))), Bernoulli{}, {}, 1);
  const auto q = m.encode(x.col(512));
  const double last = 0.5 * (q.mu.array().square() + q.log_variance.array().exp() - q.log_variance.array() - 1).sum();
  CHECK(all.kl == Approx((512 * most.kl + last) / 513).epsilon(1e-12));
}

TEST_CASE("evaluate: the number of threads changes no bit", "[metrics][threads]") {
  const Model m = model();
  const Dataset data(grey(1031));
  const bvae::EvaluationOptions options{.seed = Seed{5}, .binarization = Binarization::kDynamic};
  const Evaluation one = bvae::evaluate(m, data, Bernoulli{}, options, 1);
  for (int threads = 2; threads <= 4; ++threads)
    CHECK(same_bits(bvae::evaluate(m, data, Bernoulli{}, options, threads), one));
  bvae::Evaluator<Model, Bernoulli> evaluator;  // used again, also after a smaller data set
  bvae::Team team(2);
  CHECK(same_bits(evaluator(m, data, options, team), one));
  evaluator(m, data.slice(0, 3), options, team);
  CHECK(same_bits(evaluator(m, data, options, team), one));
}

TEST_CASE("evaluate: the ELBO is at beta = 1, and the objective at the beta that is asked for", "[metrics]") {
  const Evaluation e = bvae::evaluate(model(), Dataset(grey(100)), Bernoulli{}, {}, 1);
  CHECK(e.kl > 0.1);
  CHECK(e.elbo() == -(e.reconstruction + e.kl));
  CHECK(e.objective(1) == -e.elbo());
  CHECK(e.objective(4) == e.reconstruction + 4 * e.kl);
  CHECK(e.kl == Approx(e.kl_per_latent.sum()).epsilon(1e-14));
}

TEST_CASE("evaluate: active units are latents whose mean varies over the data by more than the threshold",
          "[metrics]") {
  const Evaluation e = bvae::evaluate(model(), Dataset(grey(700)), Bernoulli{}, {}, 1);
  CHECK(e.mu_variance[0] > 0.01);
  CHECK(e.mu_variance[1] < 0.01);
  CHECK(e.mu_variance[2] > 0.01);
  CHECK(e.active_units() == 2);
  CHECK(e.active_units(0.0) == 3);
  CHECK(e.active_units(1e9) == 0);
}

TEST_CASE("evaluate: a large mean that all samples share is no activity", "[metrics]") {
  Model m = model();
  const auto tensors = Model::parameter_tensors();
  const Evaluation before = bvae::evaluate(m, Dataset(grey(700)), Gaussian{}, {}, 1);
  for (Index d = 0; d < kLatents; ++d) bvae_test::at(m.parameters(), tensors[3], d) += 1e6;
  const Evaluation after = bvae::evaluate(m, Dataset(grey(700)), Gaussian{}, {}, 1);
  CHECK((after.mu_variance - before.mu_variance).cwiseAbs().maxCoeff() < 1e-6);
}

TEST_CASE("evaluate: the same seed gives the same numbers, another seed other noise and the same KL", "[metrics]") {
  const Model m = model();
  const Dataset data(grey(100));
  const auto run = [&](std::uint64_t seed) { return bvae::evaluate(m, data, Bernoulli{}, {.seed = Seed{seed}}, 1); };
  CHECK(same_bits(run(1), run(1)));
  CHECK(run(1).reconstruction != run(2).reconstruction);
  CHECK(run(1).reconstruction == Approx(run(2).reconstruction).epsilon(0.05));
  CHECK(run(1).kl == run(2).kl);
}

TEST_CASE("evaluate: binarised data are one fixed draw, whether training draws anew or not", "[metrics]") {
  const Model m = model();
  const Matrix<double> x = grey(200);
  const Seed seed{6};
  const auto run = [&](const Matrix<double>& values, Binarization how) {
    return bvae::evaluate(m, Dataset(values), Bernoulli{}, {.seed = seed, .binarization = how}, 1);
  };
  Matrix<double> bits = x;
  for (Index s = 0; s < x.cols(); ++s)
    bvae::binarize(Binarization::kStaticSampled, seed, 0, static_cast<std::uint32_t>(s),
                   std::span<double>(bits.col(s).data(), kFeatures));
  const Evaluation sampled = run(x, Binarization::kStaticSampled);
  CHECK(same_bits(sampled, run(bits, Binarization::kNone)));
  CHECK(same_bits(sampled, run(x, Binarization::kDynamic)));
  CHECK_FALSE(same_bits(sampled, run(x, Binarization::kNone)));
  const Matrix<double> threshold = (x.array() > 0.5).cast<double>();
  CHECK(same_bits(run(x, Binarization::kStaticThreshold), run(threshold, Binarization::kNone)));
}

TEST_CASE("evaluate: leaves the model as it was and refuses data that do not fit", "[metrics]") {
  const Model m = model();
  const auto parameters = m.parameters();
  (void)bvae::evaluate(m, Dataset(grey(10)), Bernoulli{}, {}, 1);
  CHECK(m.parameters() == parameters);
  const Dataset narrow(Matrix<double>(Matrix<double>::Zero(kFeatures - 1, 4)));
  CHECK_THROWS_AS(bvae::evaluate(m, narrow, Bernoulli{}, {}, 1), std::invalid_argument);
  CHECK_THROWS_WITH(bvae::evaluate(m, narrow, Bernoulli{}, {}, 1), ContainsSubstring("6") && ContainsSubstring("5"));
  const Dataset bright(Matrix<double>(Matrix<double>::Constant(kFeatures, 4, 1.5)));
  CHECK_THROWS_AS(bvae::evaluate(m, bright, Bernoulli{}, {}, 1), std::invalid_argument);
  CHECK_NOTHROW(bvae::evaluate(m, bright, Gaussian{}, {}, 1));
  CHECK_THROWS_AS(bvae::evaluate(m, bright, Gaussian{}, {}, -1), std::invalid_argument);
}
