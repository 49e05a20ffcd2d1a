// Likelihoods that ask more of a training step than a value for each sample.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/io/load.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include "training/harness.hpp"

using namespace bvae;
using bvae_test::same_bits;

namespace {

using Layers = bvae::Encoder<Flatten, Linear<24>, ReLU>;
using WithSigma = Vae<Image<1, 6, 5>, Layers, Latent<4>, bvae::Decoder<Linear<24>, ReLU, Linear<30>, SharedLogSigma>>;
using WithVariances = Vae<Image<1, 6, 5>, Layers, Latent<4>, bvae::Decoder<Linear<24>, ReLU, Linear<60>>>;

template <class Model, class L>
std::pair<Model, History> train(const L& likelihood, int threads, std::int64_t epochs = 3) {
  const Dataset data = harness::bars(150);
  Model model{Seed{6}};
  Trainer trainer{model, likelihood, Kl{}, Constant{0.5}, Adam{.learning_rate = 1e-2}};
  History history = trainer.fit(data, data, {.epochs = epochs, .batch_size = 64, .threads = threads});
  return {std::move(model), std::move(history)};
}

template <class Model, class L>
void check_threads(const L& likelihood) {
  const auto [one, history] = train<Model>(likelihood, 1);
  CHECK(history.epochs.back().train.objective < history.epochs.front().train.objective);
  for (int threads = 2; threads <= 4; ++threads) {
    INFO(L::kName << ", threads " << threads);
    const auto [many, other] = train<Model>(likelihood, threads);
    CHECK(same_bits(many.parameters(), one.parameters()));
    CHECK(other.epochs.back().train.objective == history.epochs.back().train.objective);
    CHECK(other.epochs.back().validation->elbo() == history.epochs.back().validation->elbo());
  }
}

double log_sigma_of(const WithSigma& model) {
  return static_cast<double>(bvae_test::values_of(model.parameters(), WithSigma::parameter_tensors().back()).front());
}

// Mean of the squared error of an evaluation with the seed 0.
template <class Model>
double mean_squared_error(const Model& model, const Dataset& data) {
  return 2 * evaluate(model, data, Gaussian{}).reconstruction / double(Model::kFeatures);
}

}  // namespace

TEST_CASE("Trainer: with every likelihood 1, 2, 3 and 4 threads give the same bits", "[training][threads]") {
  check_threads<harness::Model>(Laplace{.scale = 0.2});
  check_threads<harness::Model>(ContinuousBernoulli{});
  check_threads<harness::Model>(OptimalGaussian{});
  check_threads<WithSigma>(LearnedGaussian{});
  check_threads<WithVariances>(GaussianPerPixel{});
}

TEST_CASE("LearnedGaussian: sigma comes to the error's root mean square", "[training][likelihoods]") {
  const Dataset data = harness::bars(150);
  const auto [model, history] = train<WithSigma>(LearnedGaussian{}, 1, 500);
  const double sigma = std::exp(log_sigma_of(model));
  CHECK(LearnedGaussian{}.sigma(log_sigma_of(model)) == Approx(sigma).epsilon(0.05));  // the soft bound is far below
  CHECK(LearnedGaussian{}.sigma(-50) == Approx(std::exp(-6.0)));
  const Evaluation e = evaluate(model, data, LearnedGaussian{});
  const double squares = 2 * sigma * sigma * (e.reconstruction - 30 * std::log(sigma));
  CHECK(sigma < 0.2);  // it began with 1
  CHECK(sigma * sigma == Approx(squares / 30).epsilon(0.15));
}

TEST_CASE("OptimalGaussian: the value is the Gaussian's at the best sigma, over the whole batch",
          "[training][likelihoods]") {
  const Dataset data = harness::bars(40);
  harness::Model model{Seed{6}};
  const Matrix<float> x = data.columns<float>(0, 40);
  const Matrix<float> noise = Matrix<float>::Constant(4, 40, 0.5F);
  const auto reconstruction = [&](auto likelihood) {
    Objective<harness::Model, decltype(likelihood), Kl> objective(40, likelihood, {});
    const double value = objective.compute(model, x, noise, 2.0).reconstruction + likelihood.constant(30);
    return std::pair{value, std::vector<float>(objective.gradient().begin(), objective.gradient().end())};
  };
  const double m = 2 * (reconstruction(Gaussian{}).first - Gaussian{}.constant(30));
  const double best = std::sqrt(m / 30);
  const auto [value, gradient] = reconstruction(OptimalGaussian{});
  const auto [expected, expected_gradient] = reconstruction(Gaussian{.sigma = best});
  CHECK(value == Approx(expected).epsilon(1e-12));
  CHECK(OptimalGaussian{}.sigma(value - OptimalGaussian{}.constant(30), 30) == Approx(best).epsilon(1e-12));
  CHECK(reconstruction(Gaussian{.sigma = best * 0.9}).first > value);
  CHECK(reconstruction(Gaussian{.sigma = best * 1.1}).first > value);
  // Sigma is at its optimum, so its own gradient does not show.
  float largest = 0, error = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    largest = std::max(largest, std::abs(expected_gradient[i]));
    error = std::max(error, std::abs(gradient[i] - expected_gradient[i]));
  }
  CHECK(largest > 0);
  CHECK(error <= 1e-5F * largest);
}

TEST_CASE("evaluate: with OptimalGaussian sigma is that of the whole data set, of several blocks",
          "[metrics][likelihoods]") {
  const Dataset data = harness::bars(1100);
  const harness::Model model{Seed{6}};
  const double mean = mean_squared_error(model, data);
  const Evaluation e = evaluate(model, data, OptimalGaussian{});
  CHECK(e.reconstruction == Approx(15 * (std::log(mean) + 1)).epsilon(1e-12));
  CHECK(-e.elbo() == Approx(e.reconstruction + 15 * std::log(2 * std::acos(-1.0)) + e.kl).epsilon(1e-12));
  CHECK(evaluate(model, data, OptimalGaussian{}, {}, 3).elbo() == e.elbo());
}

TEST_CASE("OptimalGaussian: pixels that are all exact end training with an error", "[training][likelihoods]") {
  const Dataset data(Matrix<float>::Zero(30, 16), {1, 6, 5});
  harness::Model model{Seed{6}};
  for (const NamedTensor& tensor : harness::Model::parameter_tensors())
    if (tensor.name.starts_with("decoder.2"))
      for (Index row = 0; row < 30; ++row)
        for (Index i = 0; i < tensor.info.size() / 30; ++i) bvae_test::at(model.parameters(), tensor, row, i) = 0;
  Trainer trainer{model, OptimalGaussian{}, Kl{}, Constant{}, Adam{}};
  CHECK_THROWS_AS(trainer.fit(data, {.epochs = 1, .batch_size = 16}), DivergedError);
}

TEST_CASE("Vae: decodes to as many rows as the input has, whatever the likelihood wants beside", "[vae][likelihoods]") {
  const Matrix<float> z = Matrix<float>::Random(4, 300);
  const WithSigma sigma{Seed{1}};
  CHECK(sigma.decode(z).rows() == 31);
  CHECK(sigma.decode(z, LearnedGaussian{}) == sigma.decode(z).topRows(30));
  const WithVariances variances{Seed{1}};
  CHECK(variances.decode(z).rows() == 60);
  CHECK(variances.decode(z, GaussianPerPixel{}) == variances.decode(z).topRows(30));
  CHECK(variances.sample(3, GaussianPerPixel{}).rows() == 30);
  CHECK(variances.reconstruct(Matrix<float>::Zero(30, 2), GaussianPerPixel{}).rows() == 30);
}

TEST_CASE("save, load: log_sigma has PyTorch's name, and pixels before it and in both halves PyTorch's order", "[io]") {
  using Sigma = Vae<Image<3, 2, 4>, bvae::Encoder<Flatten>, Latent<2>, bvae::Decoder<Linear<24>, SharedLogSigma>>;
  using Variances = Vae<Image<3, 2, 4>, bvae::Encoder<Flatten>, Latent<2>, bvae::Decoder<Linear<48>>>;
  const TemporaryFolder folder;
  constexpr Index kPixel = (1 * 4 + 3) * 3 + 2;  // y 1, x 3, channel 2
  constexpr Index kFilePixel = (2 * 2 + 1) * 4 + 3;

  Sigma model{Seed{1}};
  const auto tensors = Sigma::parameter_tensors();
  REQUIRE(tensors.back().name == "decoder.1.log_sigma");
  bvae_test::at(model.parameters(), tensors.back(), 0) = -1.5F;
  bvae_test::at(model.parameters(), tensors[3], kPixel) = 1234;  // bias
  save(model, folder / "sigma.safetensors");
  const SafetensorsReader reader(folder / "sigma.safetensors");
  CHECK(reader.find("decoder.1.log_sigma")->shape == std::vector<std::int64_t>{1});
  CHECK(detail::value_at<float>(*reader.find("decoder.1.log_sigma"), 0) == -1.5F);
  CHECK(detail::value_at<float>(*reader.find("decoder.0.bias"), kFilePixel) == 1234);
  Sigma other{Seed{2}};
  load(other, folder / "sigma.safetensors");
  CHECK(same_bits(other.parameters(), model.parameters()));

  Variances wide{Seed{1}};
  const auto wide_tensors = Variances::parameter_tensors();
  bvae_test::at(wide.parameters(), wide_tensors[3], kPixel) = 12;
  bvae_test::at(wide.parameters(), wide_tensors[3], 24 + kPixel) = 34;
  save(wide, folder / "wide.safetensors");
  const SafetensorsReader wide_reader(folder / "wide.safetensors");
  CHECK(detail::value_at<float>(*wide_reader.find("decoder.0.bias"), kFilePixel) == 12);
  CHECK(detail::value_at<float>(*wide_reader.find("decoder.0.bias"), 24 + kFilePixel) == 34);
  Variances wide_other{Seed{2}};
  load(wide_other, folder / "wide.safetensors");
  CHECK(same_bits(wide_other.parameters(), wide.parameters()));
}
