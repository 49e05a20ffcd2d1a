/// The experiment, whatever the model.
#pragma once

#include <bvae/bvae.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "experiment.hpp"
#include "interruption.hpp"
#include "pictures.hpp"
#include "run_folder.hpp"

namespace detail {

using AnyOptimizer = std::variant<bvae::Adam, bvae::AdamW, bvae::Sgd>;

inline AnyOptimizer make_optimizer(const Options& options) {
  if (options.optimizer == "adamw") return bvae::AdamW{.learning_rate = options.learning_rate};
  if (options.optimizer == "sgd") return bvae::Sgd{.learning_rate = options.learning_rate, .momentum = 0.9};
  return bvae::Adam{.learning_rate = options.learning_rate};
}

/// Latents, those that carry most about the data first.
inline std::vector<bvae::Index> by_kl(const bvae::Vector<double>& kl_per_latent) {
  std::vector<bvae::Index> latents(static_cast<std::size_t>(kl_per_latent.size()));
  std::iota(latents.begin(), latents.end(), bvae::Index{0});
  std::stable_sort(latents.begin(), latents.end(),
                   [&](bvae::Index a, bvae::Index b) { return kl_per_latent[a] > kl_per_latent[b]; });
  return latents;
}

inline void print_summary(const Experiment& experiment, const bvae::Evaluation& test,
                          const std::vector<bvae::Index>& latents) {
  const auto list = [&](auto first, auto last) {
    for (; first != last; ++first) std::cout << "  z" << *first << ' ' << test.kl_per_latent[*first];
    std::cout << '\n';
  };
  std::cout << std::fixed << std::setprecision(2) << experiment.digits.name << ", " << experiment.digits.test.size()
            << " test images, binarisation " << bvae::name(experiment.options.binarization()) << ", "
            << experiment.options.likelihood << " likelihood";
  if (test.constant != 0) std::cout << " (its constant, " << test.constant << " nats, is in the ELBO only)";
  std::cout << "\n  reconstruction  " << std::setw(8) << test.reconstruction << " nats\n  KL              "
            << std::setw(8) << test.kl << " nats\n  ELBO            " << std::setw(8) << test.elbo()
            << " nats (beta = 1)\n  active units    " << std::setw(5) << test.active_units() << " of " << latents.size()
            << "\n  KL by latent  ";
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
  Model model{seed};
  write_config(folder, options, digits, {Model::kLatents, Model::kFeatures, Model::parameter_count()});

  const auto save = [&, &options = options, &digits = digits, &folder = folder] {
    bvae::save(model, folder / "model.safetensors",
               {{"model", options.model},
                {"dataset", digits.name},
                {"likelihood", options.likelihood},
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
    std::visit(
        [&, &options = options, &digits = digits](const auto& optimizer) {
          bvae::Trainer trainer{model, likelihood, bvae::Kl{.free_bits = options.free_bits}, options.beta_schedule(),
                                optimizer};
          trainer.fit(digits.train, digits.test, fit, metrics, bvae::ProgressBar{}, interruption::StopTraining{});
        },
        make_optimizer(options));
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
  print_summary(experiment, test, latents);
}

}  // namespace detail

template <class Model>
void run(const Experiment& experiment) {
  if (experiment.options.likelihood == "gaussian") {
    detail::run<Model>(experiment, bvae::Gaussian{});
  } else {
    detail::run<Model>(experiment, bvae::Bernoulli{});
  }
}
