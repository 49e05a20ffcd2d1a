#pragma once

#include <bvae/data/binarization.hpp>
#include <bvae/schedules/any_schedule.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

/// The command line, checked: every name is one of those that --help lists, every number lies in its range.
struct Options {
  std::string dataset = "mnist";
  std::optional<std::filesystem::path> data{};  ///< the data set's own place if not given

  std::string model = "mlp";
  std::string likelihood = "bernoulli";
  std::string binarize = "none";

  double beta = 1;
  std::string schedule = "constant";
  std::optional<double> warmup_epochs{};  ///< ramp_epochs() if not given
  double free_bits = 0;

  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;
  double learning_rate = 1e-3;
  std::string optimizer = "adam";
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0 = one for each core

  std::optional<std::filesystem::path> out{};  ///< a new folder below runs/ if not given

  /// Length of the ramp of beta; nothing for schedules that have none.
  [[nodiscard]] std::optional<double> ramp_epochs() const;
  [[nodiscard]] bvae::AnySchedule beta_schedule() const;
  [[nodiscard]] bvae::Binarization binarization() const;
};

/// Reads the command line. Gives an exit code instead if there is nothing left to do: after --help and --version, and
/// after an error, which it has printed.
std::variant<Options, int> parse_options(int argc, const char* const* argv);

/// "0.1.0"
std::string library_version();
