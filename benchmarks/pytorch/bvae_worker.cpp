// The library's side of compare.py: bvae_worker MODEL IMAGES, MODEL being mlp or burgess. Reads commands from standard
// input and answers each with a line of JSON:
//
//     about                      instruction set, compiler, operations a sample, parameters
//     peak THREADS               the FMA peak, operations a second
//     round BATCH THREADS SEED   trains a new model for two epochs and tells of the second
//     save FILE                  trains a new model a little, saves it, and tells its loss and KL on all images
#include <bvae/bvae.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "support/burgess.hpp"
#include "support/fma_peak.hpp"
#include "support/mlp.hpp"
#include "support/operations.hpp"

namespace {

template <class Model>
void about() {
  const bvae_benchmark::Operations operations = bvae_benchmark::operations_per_sample<Model>();
  std::printf(
      "{\"isa\": \"%s\", \"compiler\": \"%s\", \"flops_per_sample\": %.0f, \"padding_flops\": %.0f, \"parameters\": "
      "%lld}\n",
      name(bvae::isa()).data(), __VERSION__, operations.all, operations.padding,
      static_cast<long long>(Model::Vae::parameter_count()));
}

void peak(int threads) {
  bvae::Team team(threads);
  std::printf("{\"peak\": %.0f}\n", bvae_benchmark::fma_peak(team, 3));
}

template <class Model>
void round(const bvae::Dataset& data, bvae::Index batch, int threads, std::uint64_t seed) {
  typename Model::Vae model{bvae::Seed{seed}};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{1.0}, bvae::Adam{.learning_rate = 1e-3}};
  const bvae::History history =
      trainer.fit(data, {.epochs = 2, .batch_size = batch, .seed = bvae::Seed{seed}, .threads = threads});
  const bvae::EpochRecord& epoch = history.epochs.back();
  std::printf("{\"seconds\": %.9f, \"samples\": %lld, \"loss\": %.6f, \"kl\": %.6f}\n", epoch.seconds,
              static_cast<long long>(data.size()), epoch.train.objective, epoch.train.kl);
}

template <class Model>
void save(const bvae::Dataset& data, const std::string& file) {
  typename Model::Vae model{bvae::Seed{1}};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{1.0}, bvae::Adam{.learning_rate = 1e-3}};
  trainer.fit(data, {.epochs = 2});
  bvae::save(model, file);
  const bvae::Evaluation result = bvae::evaluate(model, data, bvae::Bernoulli{});
  std::printf("{\"loss\": %.6f, \"kl\": %.6f}\n", result.objective(1.0), result.kl);
}

template <class Model>
int answer(const bvae::Dataset& data) {
  for (std::string line; std::getline(std::cin, line); std::fflush(stdout)) {
    std::istringstream words(line);
    std::string command;
    bvae::Index batch = 0;
    int threads = 0;
    std::uint64_t seed = 0;
    std::string file;
    if (words >> command && command == "about") {
      about<Model>();
    } else if (command == "peak" && words >> threads) {
      peak(threads);
    } else if (command == "round" && words >> batch >> threads >> seed) {
      round<Model>(data, batch, threads, seed);
    } else if (command == "save" && std::getline(words >> std::ws, file)) {
      save<Model>(data, file);
    } else {
      std::cerr << "bvae_worker: unknown command '" << line << "'\n";
      return 2;
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) return 2;
  const std::string model = arguments[1];
  const bvae::Dataset data = bvae::idx::load(arguments[2]);
  if (model == "mlp") return answer<bvae_benchmark::Mlp>(data);
  if (model == "burgess") return answer<bvae_benchmark::Burgess>(data);
  std::cerr << "bvae_worker: unknown model '" << model << "'\n";
  return 2;
} catch (const std::exception& error) {
  std::cerr << "bvae_worker: " << error.what() << '\n';
  return 1;
}
