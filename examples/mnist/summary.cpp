#include "summary.hpp"

#include <bvae/data/dataset.hpp>
#include <bvae/metrics/entropy_floor.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <numeric>

#include "objective.hpp"
#include "pictures.hpp"

std::vector<bvae::Index> by_kl(const bvae::Vector<double>& kl_per_latent) {
  std::vector<bvae::Index> latents(static_cast<std::size_t>(kl_per_latent.size()));
  std::iota(latents.begin(), latents.end(), bvae::Index{0});
  std::stable_sort(latents.begin(), latents.end(),
                   [&](bvae::Index a, bvae::Index b) { return kl_per_latent[a] > kl_per_latent[b]; });
  return latents;
}

Findings look_at(const TrainedModel& model, const Experiment& experiment) {
  const auto& [options, digits, folder] = experiment;
  const double size = static_cast<double>(digits.test.size());
  constexpr bvae::Index kBlock = 1000;
  Findings findings;
  double right = 0;
  for (bvae::Index first = 0; first < digits.test.size(); first += kBlock) {
    const bvae::Dataset block = digits.test.slice(first, std::min(kBlock, digits.test.size() - first));
    const pictures::Images images =
        pictures::test_images(block, block.size(), options.binarization(), bvae::Seed{options.seed});
    const TrainedModel::Code q = model.encode(images);
    findings.sigmas.resize(static_cast<std::size_t>(q.mu.rows()));
    for (bvae::Index d = 0; d < q.mu.rows(); ++d)
      findings.sigmas[static_cast<std::size_t>(d)] +=
          static_cast<double>((q.log_variance.row(d).array() * 0.5F).exp().sum()) / size;
    const pictures::Images decoded = model.decode(q.mu);
    findings.pixel_error +=
        static_cast<double>((decoded - images).squaredNorm()) / (size * static_cast<double>(images.rows()));
    if (!options.reader) continue;
    const std::vector<int> names = name_digits(*options.reader, decoded);
    for (std::size_t s = 0; s < names.size(); ++s) right += names[s] == block.labels()[s] ? 1 : 0;
  }
  if (options.reader) findings.named_rightly = right / size;
  return findings;
}

void print_summary(const Experiment& experiment, const bvae::Evaluation& test, bool is_density,
                   const std::vector<bvae::Index>& latents, const Findings& findings) {
  const auto list = [&](auto first, auto last) {
    for (; first != last; ++first) std::cout << "  z" << *first << ' ' << test.kl_per_latent[*first];
    std::cout << '\n';
  };
  std::vector<double> sigmas = findings.sigmas;
  std::sort(sigmas.begin(), sigmas.end());
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
  if (findings.log_likelihood)
    std::cout << "  log p(x)      ≥ " << std::setw(8) << findings.log_likelihood->mean << " nats ("
              << findings.log_likelihood->draws << " draws)\n";
  std::cout << "  active units    " << std::setw(5) << test.active_units() << " of " << latents.size()
            << "\n  sigma           " << std::setw(8) << sigmas[sigmas.size() / 2] << " (median of the latents; "
            << sigmas.front() << " to " << sigmas.back() << ")\n";
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
