#include "options.hpp"

#include <bvae/version.hpp>

#include <CLI/CLI.hpp>
#include <ostream>
#include <stdexcept>

#include "exit_code.hpp"
#include "flags.hpp"
#include "schedule.hpp"

namespace {

constexpr const char* kDescription =
    "Trains a beta-VAE on handwritten digits (or on Fashion-MNIST) and writes a folder with the model, its metrics "
    "and\n"
    "pictures of what it has learnt. Progress goes to stderr, results to stdout; the last line is the folder's name.\n";

constexpr const char* kFooter =
    "\nData: four IDX files, train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and\n"
    "t10k-labels-idx1-ubyte, each plain or with .gz. examples/mnist/run.sh downloads MNIST. Without it the program\n"
    "trains on the digits in the repository, and says so.\n"
    "\nCtrl-C or SIGTERM: training ends after the present step, and what there is gets written. A second one ends the\n"
    "program at once.\n"
    "\nExit codes: 0 done; 2 wrong flags, or an --out that cannot be made; 3 data that are missing or damaged, or\n"
    "results that cannot be written; 4 training diverged (the last good model is saved); 130 and 143 after Ctrl-C and\n"
    "SIGTERM.\n";

std::vector<Flag> declare(CLI::App& app, Options& options) {
  flags::Flags flags(app, options);
  flags::add_data(flags);
  flags::add_model(flags);
  flags::add_reconstruction(flags);
  flags::add_objective(flags);
  flags::add_schedule(flags);
  flags::add_training(flags);
  flags::add_results(flags);
  return flags.declared();
}

}  // namespace

std::string library_version() {
  return std::to_string(BVAE_VERSION_MAJOR) + '.' + std::to_string(BVAE_VERSION_MINOR) + '.' +
         std::to_string(BVAE_VERSION_PATCH);
}

bvae::Binarization Options::binarization() const {
  if (binarize == "static") return bvae::Binarization::kStaticSampled;
  if (binarize == "dynamic") return bvae::Binarization::kDynamic;
  return bvae::Binarization::kNone;
}

std::variant<Options, int> parse_options(int argc, const char* const* argv, std::ostream& output,
                                         std::ostream& errors) {
  Options options;
  CLI::App app(kDescription, "mnist");
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  app.set_version_flag("--version", "bvae " + library_version());

  declare(app, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool served = app.exit(error, output, errors) == 0;  // --help, --version
    return served ? kDone : kUsage;
  }
  if (options.likelihood == "vgg" && !options.features) {
    errors << "--likelihood: vgg needs --features FILE, the weights of torchvision's VGG-16 as safetensors\n";
    return kUsage;
  }
  try {
    make_schedule(options);
  } catch (const std::invalid_argument& error) {
    errors << "mnist: " << error.what() << '\n';
    return kUsage;
  }
  flags::report_idle(app, options, errors);
  return options;
}

std::vector<Flag> known_flags() {
  Options options;
  CLI::App app;
  return declare(app, options);
}
