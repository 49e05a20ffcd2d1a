/// The experiment, whatever the model.
#pragma once

#include <bvae/bvae.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "experiment.hpp"
#include "interruption.hpp"
#include "objective.hpp"
#include "pictures.hpp"
#include "run_folder.hpp"

namespace detail {

/// Latents, those that carry most about the data first.
inline std::vector<bvae::Index> by_kl(const bvae::Vector<double>& kl_per_latent) {
  std::vector<bvae::Index> latents(static_cast<std::size_t>(kl_per_latent.size()));
  std::iota(latents.begin(), latents.end(), bvae::Index{0});
  std::stable_sort(latents.begin(), latents.end(),
                   [&](bvae::Index a, bvae::Index b) { return kl_per_latent[a] > kl_per_latent[b]; });
  return latents;
}

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

/// What the summary says beside the evaluation.
struct Findings {
  std::vector<double> sigmas;           ///< of each latent the posterior's, mean over the test images; ascending
  double pixel_error = 0;               ///< of reconstructed test images: mean squared error of a pixel
  std::optional<double> named_rightly;  ///< share of those that the reader takes for the right digit
  std::optional<double> pixel_sigma;    ///< if the training has found one for all pixels
};

template <class Model, class Likelihood>
Findings look_at(const Model& model, const Experiment& experiment, const Likelihood& likelihood) {
  const auto& [options, digits, folder] = experiment;
  const double size = static_cast<double>(digits.test.size());
  constexpr bvae::Index kBlock = 1000;
  Findings findings;
  findings.sigmas.assign(static_cast<std::size_t>(Model::kLatents), 0.0);
  double right = 0;
  for (bvae::Index first = 0; first < digits.test.size(); first += kBlock) {
    const bvae::Dataset block = digits.test.slice(first, std::min(kBlock, digits.test.size() - first));
    const pictures::Images images =
        pictures::test_images(block, block.size(), options.binarization(), bvae::Seed{options.seed});
    const auto q = model.encode(images);
    for (bvae::Index d = 0; d < Model::kLatents; ++d)
      findings.sigmas[static_cast<std::size_t>(d)] +=
          static_cast<double>((q.log_variance.row(d).array() * 0.5F).exp().sum()) / size;
    const pictures::Images decoded = model.decode(q.mu, likelihood);
    findings.pixel_error += static_cast<double>((decoded - images).squaredNorm()) / (size * Model::kFeatures);
    if (!options.reader) continue;
    const std::vector<int> names = name_digits(*options.reader, decoded);
    for (std::size_t s = 0; s < names.size(); ++s) right += names[s] == block.labels()[s] ? 1 : 0;
  }
  std::sort(findings.sigmas.begin(), findings.sigmas.end());
  if (options.reader) findings.named_rightly = right / size;
  return findings;
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

inline void print_summary(const Experiment& experiment, const bvae::Evaluation& test, bool is_density,
                          const std::vector<bvae::Index>& latents, const Findings& findings) {
  const auto list = [&](auto first, auto last) {
    for (; first != last; ++first) std::cout << "  z" << *first << ' ' << test.kl_per_latent[*first];
    std::cout << '\n';
  };
  std::cout << std::fixed << std::setprecision(2) << experiment.digits.name << ", " << experiment.digits.test.size()
            << " test images, binarisation " << bvae::name(experiment.options.binarization()) << ", "
            << experiment.options.likelihood << " likelihood";
  if (test.constant != 0) std::cout << " (its constant, " << test.constant << " nats, is in the ELBO only)";
  std::cout << "\n  reconstruction  " << std::setw(8) << test.reconstruction
            << (is_density ? " nats" : " (in no unit)");
  if (experiment.options.likelihood == "bernoulli" && experiment.options.binarize == "none")
    std::cout << " (the entropy of the grey pixels, " << bvae::entropy_floor(experiment.digits.test)
              << ", is the least that it can be)";
  std::cout << "\n  KL              " << std::setw(8) << test.kl << " nats\n";
  if (is_density) std::cout << "  ELBO            " << std::setw(8) << test.elbo() << " nats (beta = 1)\n";
  std::cout << "  active units    " << std::setw(5) << test.active_units() << " of " << latents.size()
            << "\n  sigma           " << std::setw(8) << findings.sigmas[findings.sigmas.size() / 2]
            << " (median of the latents; " << findings.sigmas.front() << " to " << findings.sigmas.back() << ")\n";
  if (findings.pixel_sigma)
    std::cout << "  sigma of pixels " << std::setprecision(4) << std::setw(10) << *findings.pixel_sigma << '\n';
  std::cout << "  pixel error     " << std::setprecision(4) << std::setw(10) << findings.pixel_error
            << " (mean square, of reconstructions)\n"
            << std::setprecision(2);
  if (findings.named_rightly)
    std::cout << "  digits named rightly " << std::setw(9) << 100 * *findings.named_rightly
              << " % of the reconstructions\n";
  std::cout << "  KL by latent  ";
  if (latents.size() <= 6) {
    list(latents.begin(), latents.end());
  } else {
    list(latents.begin(), latents.begin() + 5);
    std::cout << "         least  ";
    list(latents.end() - 5, latents.end());
  }
}

template <class Model, class Likelihood>
void run(const Experiment& experiment, const Likelihood& likelihood) {
  const auto& [options, digits, folder] = experiment;
  const bvae::Seed seed{options.seed};
  if (options.reader) name_digits(*options.reader, pictures::Images::Zero(Model::kFeatures, 1));  // fails now or never
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
  try {
    const bvae::FitOptions fit{.epochs = options.epochs,
                               .batch_size = options.batch_size,
                               .seed = seed,
                               .threads = options.threads,
                               .binarization = options.binarization()};
    bvae::JsonLines metrics(folder / "metrics.jsonl", "test");
    bvae::Trainer trainer{model, likelihood, make_divergence(options), options.beta_schedule(),
                          make_optimizer(options)};
    trainer.fit(digits.train, digits.test, fit, metrics, bvae::ProgressBar{}, interruption::StopTraining{});
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
  const pictures::Images originals = pictures::test_images(digits.test, 32, options.binarization(), seed);
  pictures::reconstructions(model, likelihood, originals, folder / "reconstructions.png");
  pictures::samples(model, likelihood, seed, folder / "samples.png");
  pictures::traversal(model, likelihood, originals.leftCols(1), latents, folder / "traversal.png");
  if constexpr (Model::kLatents == 2) pictures::manifold(model, likelihood, folder / "manifold.png");
  Findings findings = look_at(model, experiment, likelihood);
  findings.pixel_sigma = pixel_sigma(model, likelihood, test);
  print_summary(experiment, test, bvae::is_density(likelihood), latents, findings);
}

}  // namespace detail

/// For likelihoods of one output for each pixel.
template <class Model>
void run(const Experiment& experiment) {
  detail::run<Model>(experiment, make_likelihood(experiment));
}

/// For all likelihoods: Model<Outputs, Last...> has a decoder of `Outputs` values for each pixel that ends in the
/// layers `Last`.
template <template <bvae::Index, class...> class Model>
void run(const Experiment& experiment) {
  const std::string& likelihood = experiment.options.likelihood;
  if (likelihood == "gaussian-per-pixel") {
    detail::run<Model<2>>(experiment, bvae::GaussianPerPixel{});
  } else if (likelihood == "learned-gaussian") {
    detail::run<Model<1, bvae::SharedLogSigma>>(experiment, bvae::LearnedGaussian{});
  } else {
    run<Model<1>>(experiment);
  }
}
