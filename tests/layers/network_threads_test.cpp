#include "bvae/layers/network.hpp"

#include <cmath>
#include <span>
#include <utility>

#include "bvae/data/dataset.hpp"
#include "bvae/divergences/kl.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/training/trainer.hpp"
#include "layers/harness.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

using namespace bvae;
using bvae_test::same_bits;
using harness::Centered;
using harness::check_same_bits;
using harness::Pictures;
using harness::Results;
using harness::train;

namespace {

template <class Net, class Scalar>
void check_thread_counts(bool with_input_delta) {
  for (const Index samples : {1, 3, 17, 31, 64, 70, 128}) {
    const Results<Scalar> one = train<Net, Scalar>(1, samples, 128, with_input_delta);
    for (int threads = 2; threads <= 4; ++threads) {
      const Results<Scalar> many = train<Net, Scalar>(threads, samples, 128, with_input_delta);
      INFO("samples " << samples << ", threads " << threads);
      check_same_bits(many, one);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Network: 1, 2, 3 and 4 threads give the same bits", "[network][threads]", float, double) {
  check_thread_counts<Pictures, TestType>(true);
  check_thread_counts<Pictures, TestType>(false);
}

TEMPLATE_TEST_CASE("Network: layers that need the whole batch give the same bits for 1, 2, 3 and 4 threads",
                   "[network][threads]", float, double) {
  check_thread_counts<Centered, TestType>(true);
  check_thread_counts<Network<Features<20>, Center, Linear<6>, Center>, TestType>(false);
}

TEST_CASE("Network: a whole batch layer centers the batch, and in evaluation uses its state", "[network]") {
  using Net = Network<Features<2>, Center>;
  const Results<double> r = train<Net, double>(2, 70, 70, true);
  const ConstView<double> trained(r.outputs.data(), 2, 70), evaluated(r.evaluated.data(), 2, 70);
  CHECK(trained.rowwise().mean().cwiseAbs().maxCoeff() < 1e-12);
  CHECK(evaluated.rowwise().mean().cwiseAbs().minCoeff() > 1e-3);
  CHECK(r.state[0] != 0.25);  // where initialize_state put it
  CHECK(std::abs(r.state[0]) < 0.25);
}

TEST_CASE("Network: a batch smaller than the workspace gives the same bits as in a workspace of its size",
          "[network]") {
  for (const Index samples : {1, 7, 16, 40}) {
    const Results<float> own = train<Centered, float>(2, samples, samples, true);
    const Results<float> large = train<Centered, float>(2, samples, 300, true);
    CHECK(same_bits(own.outputs, large.outputs));
    CHECK(same_bits(own.gradient, large.gradient));
  }
}

TEST_CASE("Network: a model with whole batch layers trains to the same bits for 1, 2, 3 and 4 threads",
          "[network][threads]") {
  using Model = bvae::Vae<Features<12>, bvae::Encoder<Linear<16>, Center, Tanh>, bvae::Latent<3>,
                          bvae::Decoder<Linear<16>, Center, ReLU, Linear<12>>>;
  Matrix<float> values(12, 150);
  RandomStream(Seed{5}, Stream::kUser).normal(0, std::span<float>(values.data(), 12 * 150));
  const bvae::Dataset data(values);
  const auto run = [&](int threads) {
    Model model{Seed{6}};
    bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{.free_bits = 0.05}, bvae::Constant{0.5}, bvae::Adam{}};
    const bvae::History history = trainer.fit(data, data, {.epochs = 3, .batch_size = 64, .threads = threads});
    CHECK(history.epochs.back().train.objective < history.epochs.front().train.objective);
    return std::pair{model, history.epochs.back().validation->elbo()};
  };
  const auto [one, elbo] = run(1);
  CHECK(one.state().size() == 32);
  CHECK_FALSE(same_bits(one.state(), Model{Seed{6}}.state()));
  for (int threads = 2; threads <= 4; ++threads) {
    const auto [many, other_elbo] = run(threads);
    CHECK(same_bits(many.parameters(), one.parameters()));
    CHECK(same_bits(many.state(), one.state()));
    CHECK(other_elbo == elbo);
  }
  // Encoding is evaluation: a sample's code does not depend on its neighbours, and the state stays.
  const bvae::Arena<float> state = one.state();
  const Matrix<float> together = one.encode(values).mu;
  CHECK((one.encode(values.leftCols(1)).mu - together.leftCols(1)).cwiseAbs().maxCoeff() < 1e-5f);
  CHECK(same_bits(one.state(), state));
}
