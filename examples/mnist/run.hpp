/// The experiment, whatever the model.
#pragma once

#include <bvae/bvae.hpp>

#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "experiment.hpp"
#include "interruption.hpp"
#include "objective.hpp"
#include "pictures.hpp"
#include "report/report.hpp"
#include "results.hpp"
#include "run_folder.hpp"
#include "schedule.hpp"
#include "summary.hpp"
#include "trained_model.hpp"

namespace detail {

/// As `--init` says. An initialiser is a part of a layer's type (`Linear<400, Orthogonal>`), and each would be a model
/// of its own to compile. So the finished model's weights are drawn anew, by the initialisers' own functions.
template <class Model>
void initialize(Model& model, const Options& options) {
  if (options.init == "default") return;
  start_weights(model.parameters(), Model::parameter_tensors(), options);
  // SpectralNorm's vectors come from the weights.
  using Encoder = typename Model::EncoderNetwork;
  using Decoder = typename Model::DecoderNetwork;
  const bvae::Seed seed{options.seed};
  float* const parameters = model.parameters().data();
  Encoder::initialize_state(parameters, model.state().data(), seed, 0);
  Decoder::initialize_state(parameters + Model::kDecoderOffset, model.state().data() + Model::kDecoderStateOffset, seed,
                            Encoder::kLayers);
}

template <class Model, class Likelihood>
void start_at_mean(Model& model, const bvae::Dataset& images, const Likelihood& likelihood) {
  if constexpr (Model::kDecoderOutputs == Model::kFeatures) {
    bvae::set_output_bias(model, images, likelihood);
  } else {
    std::cerr << "mnist: --output-bias has no effect with --likelihood " << Likelihood::kName << '\n';
  }
}

/// Of the pixels, if the training has found one for all of them.
template <class Model, class Likelihood>
std::optional<double> pixel_sigma(const Model& model, const Likelihood& likelihood, const bvae::Evaluation& test) {
  if constexpr (std::is_same_v<Likelihood, bvae::LearnedGaussian>) {
    const bvae::NamedTensor learned = Model::parameter_tensors().back();
    return likelihood.sigma(static_cast<double>(model.parameters()[static_cast<std::size_t>(learned.offset)]));
  } else {
    if (bvae::name_of(likelihood) != bvae::OptimalGaussian::kName) return std::nullopt;
    return bvae::OptimalGaussian{}.sigma(test.reconstruction, Model::kFeatures);
  }
}

/// Nothing if it was not asked for, or the likelihood is no density of each image alone, or somebody waits for the end.
template <class Model, class Likelihood>
std::optional<bvae::LogLikelihood> estimate_log_likelihood(const Model& model, const Likelihood& likelihood,
                                                           const Experiment& experiment) {
  const Options& options = experiment.options;
  if (options.draws == 0 || !bvae::is_density(likelihood) ||
      bvae::name_of(likelihood) == bvae::OptimalGaussian::kName || interruption::received() != 0)
    return std::nullopt;
  return bvae::log_likelihood(
      model, experiment.digits.test, likelihood,
      {.draws = options.draws, .seed = bvae::Seed{options.seed}, .binarization = options.binarization()},
      options.threads);
}

template <class Model, class Likelihood>
void run(const Experiment& experiment, const Likelihood& likelihood) {
  const auto& [options, digits, folder] = experiment;
  const bvae::Seed seed{options.seed};
  if (options.reader)
    name_digits(*options.reader, bvae::Matrix<float>::Zero(Model::kFeatures, 1));  // fails now or never
  Model model{seed};
  initialize(model, options);
  if (options.output_bias == "mean") start_at_mean(model, digits.train, likelihood);
  write_config(folder, options, digits, {Model::kLatents, Model::kFeatures, Model::parameter_count()});

  const auto save = [&, &options = options, &digits = digits, &folder = folder] {
    bvae::save(model, folder / "model.safetensors",
               {{"model", options.model},
                {"dataset", digits.name},
                {"likelihood", options.likelihood},
                {"divergence", options.divergence},
                {"binarization", std::string(bvae::name(options.binarization()))}});
  };
  interruption::watch();
  Training training;
  try {
    const bvae::FitOptions fit{.epochs = options.epochs,
                               .batch_size = options.batch_size,
                               .seed = seed,
                               .threads = options.threads,
                               .binarization = options.binarization()};
    bvae::JsonLines metrics(folder / "metrics.jsonl", "test");
    bvae::Trainer trainer{model, likelihood, make_divergence(options), make_schedule(options), make_optimizer(options)};
    const auto remember_beta = [&](const bvae::StepEnd& step) { training.remember(step); };
    training.history = trainer.fit(digits.train, digits.test, fit, metrics, bvae::ProgressBar{},
                                   interruption::StopTraining{}, remember_beta);
  } catch (const std::invalid_argument&) {  // found before training
    throw;
  } catch (...) {
    save();  // whatever ended training, the last good parameters are worth keeping
    throw;
  }
  if (interruption::received() != 0) std::cerr << "mnist: writing the results so far; once more Ctrl-C ends at once\n";
  save();

  const bvae::Evaluation test =
      bvae::evaluate(model, digits.test, likelihood, {seed, options.binarization()}, options.threads);
  const std::vector<bvae::Index> latents = by_kl(test.kl_per_latent);
  using Images = TrainedModel::Images;
  const TrainedModel trained{.encode =
                                 [&](const Images& images) {
                                   const auto q = model.encode(images);
                                   return TrainedModel::Code{q.mu, q.log_variance};
                                 },
                             .decode = [&](const Images& z) { return model.decode(z, likelihood); }};
  const Images originals = pictures::test_images(digits.test, 32, options.binarization(), seed);
  pictures::reconstructions(trained, originals, folder / "reconstructions.png");
  pictures::samples(model.sample(pictures::kSamples, likelihood, seed), folder / "samples.png");
  pictures::traversal(trained, originals.leftCols(1), latents, folder / "traversal.png");
  if (Model::kLatents == 2) pictures::manifold(trained, folder / "manifold.png");
  Findings findings = look_at(trained, experiment);
  findings.pixel_sigma = pixel_sigma(model, likelihood, test);
  findings.log_likelihood = estimate_log_likelihood(model, likelihood, experiment);
  write_results(folder, test, bvae::is_density(likelihood), findings, training);
  report::write_report(folder);
  print_summary(experiment, test, bvae::is_density(likelihood), latents, findings);
}

}  // namespace detail

/// Model<Outputs, Last...> has a decoder of `Outputs` values for each pixel that ends in the layers `Last`. Static:
/// each file has another alias called Model, and a linker would take run<Model> of all of them for one function.
template <template <bvae::Index, class...> class Model>
static void run(const Experiment& experiment) {
  const std::string& likelihood = experiment.options.likelihood;
  if (likelihood == "gaussian-per-pixel") {
    detail::run<Model<2>>(experiment, bvae::GaussianPerPixel{});
  } else if (likelihood == "learned-gaussian") {
    detail::run<Model<1, bvae::SharedLogSigma>>(experiment, bvae::LearnedGaussian{});
  } else {
    detail::run<Model<1>>(experiment, make_likelihood(experiment));
  }
}
