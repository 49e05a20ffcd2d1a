#pragma once

#include <bvae/data/binarization.hpp>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The forms of free bits, in the order of bvae::FreeBits.
inline const std::vector<std::string> kFreeBitsForms{
    "per-latent",      "per-sample-and-latent",      "per-sample", "total",
    "mask-per-sample", "mask-per-sample-and-latent", "mask-total"};

/// The command line, checked: every name is one of those that --help lists, every number lies in its range.
struct Options {
  std::string dataset = "mnist";
  std::optional<std::filesystem::path> data{};  ///< the data set's own place if not given

  std::string model = "mlp";
  std::string init = "default";
  std::string output_bias = "default";
  std::string likelihood = "bernoulli";
  double sigma = 1;
  std::string pixel_term = "bernoulli";
  double pixel_weight = 1;
  double feature_weight = 1;
  double ssim_weight = 784;
  std::optional<std::filesystem::path> features{};  ///< VGG-16, or of an earlier run; trained if not given
  std::optional<std::filesystem::path> reader{};    ///< likewise, of the reconstructed digits
  std::string binarize = "none";

  double beta = 1;
  std::string schedule = "constant";
  std::optional<double> beta_from{};  ///< 0 if not given, 1e-4 for exponential
  double hold_epochs = 0;
  std::optional<double> warmup_epochs{};  ///< see ramp_epochs() if not given
  std::string beta_changes = "step";
  int cycles = 4;
  double cycle_ramp = 0.5;
  std::string cycle_shape = "linear";
  double steepness = 12;
  std::string beta_points{};
  std::string beta_path = "lines";
  std::string phases{};
  std::optional<double> target_reconstruction{};
  double geco_decay = 0.99;
  std::int64_t geco_every = 100;
  double geco_rate = 1;
  double geco_slowest = 0.9;
  double geco_fastest = 1.1;
  std::optional<double> target_kl{};
  double pid_kp = 0.01;
  double pid_ki = 0.001;
  double pid_kd = 0;
  std::optional<double> beta_min{};  ///< the schedule's own if not given
  std::optional<double> beta_max{};
  std::string divergence = "kl";
  double free_bits = 0;
  std::string free_bits_form = "per-latent";
  double capacity = 25;
  std::optional<double> capacity_epochs{};  ///< half of the training if not given
  double gamma = 20;
  double mi_weight = 1;
  double tc_weight = 6;
  std::string tc_estimator = "stratified";
  double dimension_weight = 1;
  double lambda_od = 10;
  std::optional<double> lambda_d{};  ///< as in the paper if not given
  double mmd_weight = 1000;
  double kl_weight = 1;
  std::string mmd_kernel = "rbf";
  double mmd_bandwidth = 1;

  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double learning_rate = 1e-3;
  std::string optimizer = "adam";
  std::optional<double> clip{};  ///< not at all if not given
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0 = one for each core

  std::int64_t draws = 10;                     ///< for log p(x), of each test image; 0 = log p(x) is not computed
  std::optional<std::filesystem::path> out{};  ///< a new folder below runs/ if not given

  /// Whether the likelihood compares whole images, beside a pixel term.
  [[nodiscard]] bool sees_images() const {
    return likelihood == "perceptual" || likelihood == "vgg" || likelihood == "ssim" || likelihood == "ms-ssim";
  }
  /// That of each pixel: the likelihood itself if there is nothing beside it.
  [[nodiscard]] const std::string& pixels() const { return sees_images() ? pixel_term : likelihood; }
  /// Whether --beta says anything: the others have all their values from elsewhere.
  [[nodiscard]] bool reads_beta() const { return schedule != "piecewise" && schedule != "pid"; }
  [[nodiscard]] double dip_lambda_d() const {
    return lambda_d.value_or(divergence == "dip-vae-i" ? 10 * lambda_od : lambda_od);
  }
  /// Epochs until the capacity has its full size.
  [[nodiscard]] double capacity_ramp() const { return capacity_epochs.value_or(static_cast<double>(epochs) / 2); }
  [[nodiscard]] bvae::Binarization binarization() const;
};

/// Reads the command line. Gives an exit code instead if there is nothing left to do: after --help and --version, and
/// after an error, which it has printed on `errors`.
std::variant<Options, int> parse_options(int argc, const char* const* argv, std::ostream& output, std::ostream& errors);

/// A flag of the command line.
struct Flag {
  std::string name;      ///< without its dashes
  bool is_text = false;  ///< its value may have commas: a file's name, or the phases of a schedule
};
/// In the order of --help, which is not among them.
std::vector<Flag> known_flags();

/// What results.json calls its format.
inline constexpr const char* kResultsFormat = "bvae-results-1";

/// "0.1.0"
std::string library_version();
