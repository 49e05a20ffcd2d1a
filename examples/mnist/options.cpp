#include "options.hpp"

#include <bvae/version.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "exit_code.hpp"
#include "schedule.hpp"

namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::min();

std::string text(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// Adds flags to a command line. Each flag may be given once, and its value is read to its last character: CLI11's own
/// numbers would take "nan", and "010" for eight.
class Flags {
 public:
  Flags(CLI::App& app, Options& options) : app_(app), options_(options) {}

  Flags& group(std::string name) {
    group_ = std::move(name);
    return *this;
  }

  Flags& choice(const std::string& flag, std::string Options::*value, const std::vector<std::string>& names,
                const std::string& help) {
    std::string shown;
    for (const std::string& name : names) shown += (shown.empty() ? "" : "|") + name;
    app_.add_option(flag, options_.*value, help)
        ->type_name(shown)
        ->capture_default_str()
        ->group(group_)
        ->check(CLI::IsMember(names).description(""));
    return *this;
  }

  // The functions that read flags outlive this object: they keep the options, not `this`.

  /// \param range in words; low and high say the same in numbers
  template <class Number, class Member>
  Flags& number(const std::string& flag, Member Options::*value, Number low, Number high, const std::string& range,
                const std::string& shown_default, const std::string& help) {
    const auto read = [options = &options_, flag, value, low, high, range](const std::string& given) {
      Number number{};
      const char* const last = given.data() + given.size();
      const auto [end, error] = std::from_chars(given.data(), last, number);
      // Written so that NaN fails.
      if (error != std::errc{} || end != last || !(number >= low && number <= high))
        throw CLI::ValidationError(flag, "expected " + range + ", found '" + given + "'");
      options->*value = number;
    };
    app_.add_option_function<std::string>(flag, read, help + "\n(" + range + ")")
        ->type_name(std::numeric_limits<Number>::is_integer ? "N" : "X")
        ->default_str(shown_default)
        ->group(group_);
    return *this;
  }

  Flags& text(const std::string& flag, std::string Options::*value, const std::string& shown, const std::string& help) {
    const auto read = [options = &options_, value](const std::string& given) { options->*value = given; };
    app_.add_option_function<std::string>(flag, read, help)->type_name(shown)->group(group_);
    return *this;
  }
  Flags& folder(const std::string& flag, std::optional<std::filesystem::path> Options::*value,
                const std::string& help) {
    return path(flag, value, "folder", "DIR", help);
  }
  Flags& file(const std::string& flag, std::optional<std::filesystem::path> Options::*value, const std::string& help) {
    return path(flag, value, "file", "FILE", help);
  }

 private:
  Flags& path(const std::string& flag, std::optional<std::filesystem::path> Options::*value, const std::string& kind,
              const std::string& shown, const std::string& help) {
    const auto read = [options = &options_, flag, value, kind](const std::string& given) {
      if (given.empty()) throw CLI::ValidationError(flag, "must be the name of a " + kind + ", not empty");
      options->*value = given;
    };
    app_.add_option_function<std::string>(flag, read, help)->type_name(shown)->group(group_);
    return *this;
  }

  CLI::App& app_;
  Options& options_;
  std::string group_;
};

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

/// Flags that were given and change nothing: those that only another choice reads.
void report_idle_flags(const CLI::App& app, const Options& options) {
  struct Reader {
    const char* flag;
    const char* choice;
    const std::string& chosen;
    std::vector<std::string> readers;
  };
  const std::string& likelihood = options.likelihood;
  const std::string& divergence = options.divergence;
  const std::string& schedule = options.schedule;
  for (const Reader& reader : std::initializer_list<Reader>{
           {"--beta",
            "--schedule",
            schedule,
            {"constant", "linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "sequence", "geco"}},
           {"--beta-from",
            "--schedule",
            schedule,
            {"linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "sequence"}},
           {"--warmup-epochs", "--schedule", schedule, {"linear", "warmup", "cosine", "sigmoid", "exponential"}},
           {"--beta-changes",
            "--schedule",
            schedule,
            {"linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "piecewise", "sequence"}},
           {"--cycles", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--cycle-ramp", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--cycle-shape", "--schedule", schedule, {"cyclical", "sequence"}},
           {"--steepness", "--schedule", schedule, {"sigmoid", "sequence"}},
           {"--beta-points", "--schedule", schedule, {"piecewise"}},
           {"--beta-path", "--schedule", schedule, {"piecewise"}},
           {"--phases", "--schedule", schedule, {"sequence"}},
           {"--target-reconstruction", "--schedule", schedule, {"geco"}},
           {"--geco-decay", "--schedule", schedule, {"geco"}},
           {"--geco-every", "--schedule", schedule, {"geco"}},
           {"--geco-rate", "--schedule", schedule, {"geco"}},
           {"--geco-slowest", "--schedule", schedule, {"geco"}},
           {"--geco-fastest", "--schedule", schedule, {"geco"}},
           {"--target-kl", "--schedule", schedule, {"pid"}},
           {"--pid-kp", "--schedule", schedule, {"pid"}},
           {"--pid-ki", "--schedule", schedule, {"pid"}},
           {"--pid-kd", "--schedule", schedule, {"pid"}},
           {"--beta-min", "--schedule", schedule, {"geco", "pid"}},
           {"--beta-max", "--schedule", schedule, {"geco", "pid"}},
           {"--sigma",
            options.sees_images() ? "--pixel-term" : "--likelihood",
            options.pixels(),
            {"gaussian", "laplace"}},
           {"--pixel-term", "--likelihood", likelihood, {"perceptual", "vgg", "ssim", "ms-ssim"}},
           {"--pixel-weight", "--likelihood", likelihood, {"perceptual", "vgg", "ssim", "ms-ssim"}},
           {"--ssim-weight", "--likelihood", likelihood, {"ssim", "ms-ssim"}},
           {"--feature-weight", "--likelihood", likelihood, {"perceptual", "vgg"}},
           {"--features", "--likelihood", likelihood, {"perceptual", "vgg"}},
           {"--free-bits", "--divergence", divergence, {"kl"}},
           {"--free-bits-form", "--divergence", divergence, {"kl"}},
           {"--capacity", "--divergence", divergence, {"capacity"}},
           {"--capacity-epochs", "--divergence", divergence, {"capacity"}},
           {"--gamma", "--divergence", divergence, {"capacity"}},
           {"--mi-weight", "--divergence", divergence, {"total-correlation"}},
           {"--tc-weight", "--divergence", divergence, {"total-correlation"}},
           {"--tc-estimator", "--divergence", divergence, {"total-correlation"}},
           {"--dimension-weight", "--divergence", divergence, {"total-correlation"}},
           {"--lambda-od", "--divergence", divergence, {"dip-vae-i", "dip-vae-ii"}},
           {"--lambda-d", "--divergence", divergence, {"dip-vae-i", "dip-vae-ii"}},
           {"--mmd-weight", "--divergence", divergence, {"mmd"}},
           {"--kl-weight", "--divergence", divergence, {"mmd"}},
           {"--mmd-kernel", "--divergence", divergence, {"mmd"}},
           {"--mmd-bandwidth", "--divergence", divergence, {"mmd"}}})
    if (app.count(reader.flag) > 0 &&
        std::find(reader.readers.begin(), reader.readers.end(), reader.chosen) == reader.readers.end())
      std::cerr << "mnist: " << reader.flag << " has no effect with " << reader.choice << ' ' << reader.chosen << '\n';
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

std::variant<Options, int> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(kDescription, "mnist");
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  app.set_version_flag("--version", "bvae " + library_version());

  const Options defaults;
  Flags(app, options)
      .group("Data")
      .choice("--dataset", &Options::dataset, {"mnist", "fashion", "bundled"},
              "mnist: from the cache folder ($BVAE_CACHE/mnist, else\n"
              "~/.cache/bvae/mnist); fashion: Debian's dataset-fashion-mnist;\n"
              "bundled: the digits in the repository")
      .folder("--data", &Options::data, "take the four IDX files from here")
      .choice("--binarize", &Options::binarize, {"none", "static", "dynamic"},
              "pixels become 1 with their grey value as probability;\n"
              "static: drawn once from the seed; dynamic: in every epoch anew")
      .group("Model")
      .choice("--model", &Options::model, {"mlp", "mlp2d", "mlp-bn", "mlp-ln", "mlp-sn", "conv", "resnet"},
              "mlp: 784-400-20; mlp2d: 784-400-2; mlp-bn, mlp-ln, mlp-sn: mlp\n"
              "with BatchNorm, LayerNorm (before ReLU) or SpectralNorm (around\n"
              "Linear); conv: two convolutions 4x4 of 32 channels with stride 2,\n"
              "256-20, mirrored; all with ReLU; resnet: 3x3 convolutions,\n"
              "residual blocks with GroupNorm and SiLU, pools, Dropout, Upsample2d")
      .choice(
          "--init", &Options::init,
          {"default", "kaiming-uniform", "kaiming-normal", "xavier-uniform", "xavier-normal", "orthogonal", "zeros"},
          "how the weights of linear layers and convolutions start, their\n"
          "biases then at 0; default: as the model's layers say, PyTorch's\n"
          "(in resnet one is orthogonal)")
      .choice("--output-bias", &Options::output_bias, {"default", "mean"},
              "how the decoder's last bias starts; mean: where its output is the\n"
              "mean of the training images")
      .group("Reconstruction")
      .choice("--likelihood", &Options::likelihood,
              {"bernoulli", "gaussian", "laplace", "continuous-bernoulli", "optimal-gaussian", "learned-gaussian",
               "gaussian-per-pixel", "perceptual", "vgg", "ssim", "ms-ssim"},
              "of a pixel. gaussian: with --sigma; optimal-gaussian: with the sigma\n"
              "that suits each batch best; learned-gaussian: with one that is\n"
              "learned; gaussian-per-pixel: each pixel's comes from the decoder;\n"
              "perceptual: --pixel-term beside the distance of features, those of a\n"
              "small network that first learns to tell the digits apart;\n"
              "vgg: the same with VGG-16's (relu1_2, relu2_2) out of --features;\n"
              "ssim, ms-ssim: --pixel-term beside structural similarity, at one or\n"
              "two scales")
      .number("--sigma", &Options::sigma, 1e-6, 1e6, "a number from 1e-6 to 1e6", text(defaults.sigma),
              "of gaussian (1: half of the squared error); the scale of laplace")
      .choice("--pixel-term", &Options::pixel_term, {"bernoulli", "gaussian", "laplace"},
              "beside perceptual, vgg, ssim and ms-ssim")
      .number("--pixel-weight", &Options::pixel_weight, 0.0, 1e6, "a number, 0 to 1e6", text(defaults.pixel_weight),
              "of --pixel-term")
      .number("--feature-weight", &Options::feature_weight, 0.0, 1e6, "a number, 0 to 1e6",
              text(defaults.feature_weight),
              "of the squared distances of the features: of their sum in perceptual,\n"
              "in vgg of their mean times the 784 pixels, for each layer")
      .number("--ssim-weight", &Options::ssim_weight, 0.0, 1e6, "a number, 0 to 1e6", text(defaults.ssim_weight),
              "of 1 - SSIM in ssim and ms-ssim")
      .file("--features", &Options::features,
            "perceptual: features.safetensors of an earlier run; vgg: torchvision's\n"
            "vgg16() or vgg19(), state_dict() as safetensors with its classifier")
      .file("--reader", &Options::reader,
            "features.safetensors of an earlier run, with another seed: its\n"
            "network reads the reconstructed digits, for the summary")
      .group("Objective")
      .number("--beta", &Options::beta, 0.0, kLargest, "a finite number, 0 or more", text(defaults.beta),
              "weight of the KL divergence; 1 is the plain VAE")
      .choice("--divergence", &Options::divergence,
              {"kl", "capacity", "total-correlation", "dip-vae-i", "dip-vae-ii", "mmd"},
              "what beta multiplies. capacity: distance of the KL to a growing\n"
              "capacity (Burgess 2018); total-correlation: the KL's three parts\n"
              "with a weight each (beta-TCVAE); dip-vae-i, -ii: KL and the latents'\n"
              "covariances (Kumar 2018); mmd: KL and the distance of all latents'\n"
              "distribution to the prior (InfoVAE)")
      .number("--free-bits", &Options::free_bits, 0.0, kLargest, "a finite number, 0 or more", text(defaults.free_bits),
              "nats of KL that are free: of each latent, with --free-bits-form")
      .choice("--free-bits-form", &Options::free_bits_form, kFreeBitsForms,
              "whose KL has them; mask-: more than them counts whole")
      .number("--capacity", &Options::capacity, 0.0, kLargest, "a finite number, 0 or more", text(defaults.capacity),
              "nats that capacity grows to")
      .number("--capacity-epochs", &Options::capacity_epochs, kSmallest, kLargest, "a finite number above 0", "",
              "epochs that it grows; if not given half of the training")
      .number("--gamma", &Options::gamma, 0.0, kLargest, "a finite number, 0 or more", text(defaults.gamma),
              "weight of the distance in capacity (the paper's 1000 is for 10^6 steps)")
      .number("--mi-weight", &Options::mi_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.mi_weight),
              "of the mutual information in total-correlation")
      .number("--tc-weight", &Options::tc_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.tc_weight),
              "of the total correlation")
      .choice("--tc-estimator", &Options::tc_estimator, {"stratified", "weighted"},
              "how total-correlation estimates densities from a batch; weighted:\n"
              "the paper's, which are too small")
      .number("--dimension-weight", &Options::dimension_weight, 0.0, kLargest, "a finite number, 0 or more",
              text(defaults.dimension_weight), "of the latents' own KL in total-correlation")
      .number("--lambda-od", &Options::lambda_od, 0.0, kLargest, "a finite number, 0 or more", text(defaults.lambda_od),
              "weight of the covariances in dip-vae-i and -ii")
      .number("--lambda-d", &Options::lambda_d, 0.0, kLargest, "a finite number, 0 or more", "",
              "weight of the variances' distances to 1; if not given as in the\n"
              "paper: dip-vae-i ten times --lambda-od, dip-vae-ii the same")
      .number("--mmd-weight", &Options::mmd_weight, 0.0, kLargest, "a finite number, 0 or more",
              text(defaults.mmd_weight), "of the distance in mmd")
      .number("--kl-weight", &Options::kl_weight, 0.0, kLargest, "a finite number, 0 or more", text(defaults.kl_weight),
              "of the KL in mmd; 0 for MMD-VAE")
      .choice("--mmd-kernel", &Options::mmd_kernel, {"rbf", "inverse-multiquadratic"}, "what mmd compares points by")
      .number("--mmd-bandwidth", &Options::mmd_bandwidth, 1e-6, 1e6, "a number from 1e-6 to 1e6",
              text(defaults.mmd_bandwidth), "of that kernel, in standard deviations of the prior")
      .group("Beta during training")
      .choice("--schedule", &Options::schedule,
              {"constant", "linear", "warmup", "cyclical", "cosine", "sigmoid", "exponential", "piecewise", "sequence",
               "geco", "pid"},
              "constant: as given;\n"
              "linear, cosine, sigmoid, exponential: from --beta-from to --beta;\n"
              "warmup: a line for half of the training, then constant;\n"
              "cyclical: four times from --beta-from to --beta, half of each cycle\n"
              "a line, the other half constant;\n"
              "piecewise: through --beta-points; sequence: --phases;\n"
              "geco: what --target-reconstruction needs, from --beta on;\n"
              "pid: what --target-kl needs. docs/schedules.md shows them all")
      .number("--beta-from", &Options::beta_from, 0.0, kLargest, "a finite number, 0 or more", "",
              "where beta begins; if not given 0, for exponential 0.0001")
      .number("--warmup-epochs", &Options::warmup_epochs, 0.0, kLargest, "a finite number, 0 or more", "",
              "epochs from there to --beta, counted in steps, so that 0.5 is\n"
              "possible; if not given all, for warmup half of them")
      .choice("--beta-changes", &Options::beta_changes, {"step", "epoch"}, "how often")
      .number("--cycles", &Options::cycles, 1, 1000000, "a whole number, 1 to 1000000", std::to_string(defaults.cycles),
              "of cyclical")
      .number("--cycle-ramp", &Options::cycle_ramp, kSmallest, 1.0, "a number above 0, at most 1",
              text(defaults.cycle_ramp), "the part of a cycle in which beta rises")
      .choice("--cycle-shape", &Options::cycle_shape, {"linear", "cosine", "sigmoid"}, "how it rises there")
      .number("--steepness", &Options::steepness, 1e-6, 1e6, "a number from 1e-6 to 1e6", text(defaults.steepness),
              "of sigmoid")
      .text("--beta-points", &Options::beta_points, "EPOCH:BETA,...", "of piecewise, for example 0:0,2.5:1,10:4")
      .choice("--beta-path", &Options::beta_path, {"lines", "stairs"}, "between them")
      .text("--phases", &Options::phases, "NAME[=BETA]:EPOCHS,...",
            "of sequence: plain schedules with their lengths, the last may have\n"
            "none; for example constant=0:2,cosine=4:5,constant. BETA is --beta\n"
            "if not given; a ramp begins where the phase before it ended, and\n"
            "lasts the whole phase (warmup: half of it)")
      .number("--target-reconstruction", &Options::target_reconstruction, -kLargest, kLargest, "a finite number", "",
              "nats that geco holds train_reconstruction at")
      .number("--geco-decay", &Options::geco_decay, 0.0, 0.9999999, "a number, 0 to 0.9999999",
              text(defaults.geco_decay), "of geco's moving average")
      .number("--geco-every", &Options::geco_every, std::int64_t{1}, std::int64_t{1} << 32,
              "a whole number, 1 to 4294967296", std::to_string(defaults.geco_every), "steps between two changes")
      .number("--geco-rate", &Options::geco_rate, kSmallest, kLargest, "a finite number above 0",
              text(defaults.geco_rate), "for each nat beside the target")
      .number("--geco-slowest", &Options::geco_slowest, 1e-6, 0.999999, "a number from 1e-6 to 0.999999",
              text(defaults.geco_slowest), "factor that 1 / beta falls by at most")
      .number("--geco-fastest", &Options::geco_fastest, 1.000001, 1e6, "a number from 1.000001 to 1e6",
              text(defaults.geco_fastest), "factor that 1 / beta grows by at most")
      .number("--target-kl", &Options::target_kl, 0.0, kLargest, "a finite number, 0 or more", "",
              "nats that pid holds train_kl at")
      .number("--pid-kp", &Options::pid_kp, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_kp),
              "gain of the error")
      .number("--pid-ki", &Options::pid_ki, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_ki),
              "of its sum over the steps")
      .number("--pid-kd", &Options::pid_kd, 0.0, kLargest, "a finite number, 0 or more", text(defaults.pid_kd),
              "of its change in a step")
      .number("--beta-min", &Options::beta_min, 0.0, kLargest, "a finite number, 0 or more", "",
              "the least beta of geco and pid; if not given 1e-6 and 0")
      .number("--beta-max", &Options::beta_max, 0.0, kLargest, "a finite number, 0 or more", "",
              "the largest; if not given 1e6 and 1")
      .group("Training")
      .number("--epochs", &Options::epochs, std::int64_t{1}, std::int64_t{100000}, "a whole number, 1 to 100000",
              std::to_string(defaults.epochs), "times through the training data")
      .number("--batch-size", &Options::batch_size, std::int64_t{1}, std::int64_t{1} << 32,
              "a whole number, 1 to the number of training images", std::to_string(defaults.batch_size),
              "images in a step")
      .number("--learning-rate", &Options::learning_rate, kSmallest, 1e9, "a number above 0, at most 1e9",
              text(defaults.learning_rate), "of the optimizer")
      .choice("--optimizer", &Options::optimizer, {"adam", "adamw", "sgd"},
              "adamw decays weights by 0.01; sgd has momentum 0.9")
      .number("--clip", &Options::clip, kSmallest, kLargest, "a finite number above 0", "",
              "the gradient is made shorter where its norm is larger")
      .number("--seed", &Options::seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
              "a whole number, 0 to 2^64-1", std::to_string(defaults.seed),
              "of weights, noise, order and binarisation: same seed, same model")
      .number("--threads", &Options::threads, 0, 1024, "a whole number, 0 to 1024", std::to_string(defaults.threads),
              "0: one for each core; the model does not depend on it")
      .group("Results")
      .folder("--out", &Options::out,
              "folder of the results, made if missing; an earlier run's files in it\n"
              "are replaced. Default: a new one below runs/, named after the run");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool served = app.exit(error, std::cout, std::cerr) == 0;  // --help, --version
    return served ? kDone : kUsage;
  }
  if (options.likelihood == "vgg" && !options.features) {
    std::cerr << "--likelihood: vgg needs --features FILE, the weights of torchvision's VGG-16 as safetensors\n";
    return kUsage;
  }
  try {
    make_schedule(options);
  } catch (const std::invalid_argument& error) {
    std::cerr << "mnist: " << error.what() << '\n';
    return kUsage;
  }
  report_idle_flags(app, options);
  return options;
}
