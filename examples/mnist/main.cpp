/// Trains a beta-VAE on MNIST: reads the command line and the data, makes a folder, and hands over to the model.

#include <bvae/core/errors.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>

#include "data_source.hpp"
#include "exit_code.hpp"
#include "experiment.hpp"
#include "interruption.hpp"
#include "options.hpp"
#include "run_folder.hpp"

namespace {

int fail(int code, const std::string& message) {
  std::cerr << "mnist: " << message << '\n';
  return code;
}

int run(const Options& options) {
  const Digits digits = load_digits(options);
  if (options.batch_size > digits.train.size())
    return fail(kUsage, "--batch-size: must be 1 to " + std::to_string(digits.train.size()) +
                            ", the number of training images, not " + std::to_string(options.batch_size));

  static const std::map<std::string, void (*)(const Experiment&)> kModels{
#include "mnist_models.inc"
  };
  const auto model = kModels.find(options.model);
  if (model == kModels.end())
    return fail(kUsage, "--model: this program was built without " + options.model + " (BVAE_MNIST_MODELS of CMake)");

  const std::filesystem::path folder = make_run_folder(options, digits);
  try {
    const Experiment experiment{options, digits, folder};
    model->second(experiment);
  } catch (const bvae::DivergedError& error) {
    return fail(kDiverged, std::string("training diverged. ") + error.what() + "\nmnist: these are saved in " +
                               (folder / "model.safetensors").string());
  }
  if (!(std::cout << folder.string() << std::endl)) return fail(kFiles, "standard output cannot be written");
  return interruption::received() == 0 ? kDone : 128 + interruption::received();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = parse_options(argc, argv, std::cout, std::cerr);
    if (const int* code = std::get_if<int>(&options)) return *code;
    return run(std::get<Options>(options));
  } catch (const NoRunFolder& error) {
    return fail(kUsage, std::string("--out: ") + error.what());
  } catch (const bvae::FileError& error) {
    return fail(kFiles, error.what());
  } catch (const std::invalid_argument& error) {  // flags that do not fit the model, as BatchNorm and --batch-size 1
    return fail(kUsage, error.what());
  } catch (const std::exception& error) {
    return fail(kUnexpected, error.what());
  }
}
