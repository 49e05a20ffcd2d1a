/// The flags of the command line, by group. Each group is declared in a file of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <limits>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "options.hpp"

namespace flags {

inline constexpr double kLargest = std::numeric_limits<double>::max();
inline constexpr double kSmallest = std::numeric_limits<double>::min();

inline std::string text(double value) {
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
    declared(flag, false);
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
    declared(flag, false);
    return *this;
  }

  Flags& text(const std::string& flag, std::string Options::*value, const std::string& shown, const std::string& help) {
    const auto read = [options = &options_, value](const std::string& given) { options->*value = given; };
    app_.add_option_function<std::string>(flag, read, help)->type_name(shown)->group(group_);
    declared(flag, true);
    return *this;
  }
  Flags& folder(const std::string& flag, std::optional<std::filesystem::path> Options::*value,
                const std::string& help) {
    return path(flag, value, "folder", "DIR", help);
  }
  Flags& file(const std::string& flag, std::optional<std::filesystem::path> Options::*value, const std::string& help) {
    return path(flag, value, "file", "FILE", help);
  }

  [[nodiscard]] const std::vector<Flag>& declared() const { return declared_; }

 private:
  void declared(const std::string& flag, bool is_text) { declared_.push_back({flag.substr(2), is_text}); }

  Flags& path(const std::string& flag, std::optional<std::filesystem::path> Options::*value, const std::string& kind,
              const std::string& shown, const std::string& help) {
    const auto read = [options = &options_, flag, value, kind](const std::string& given) {
      if (given.empty()) throw CLI::ValidationError(flag, "must be the name of a " + kind + ", not empty");
      options->*value = given;
    };
    app_.add_option_function<std::string>(flag, read, help)->type_name(shown)->group(group_);
    declared(flag, true);
    return *this;
  }

  CLI::App& app_;
  Options& options_;
  std::string group_;
  std::vector<Flag> declared_;
};

/// In the order of --help.
void add_data(Flags& flags);
void add_model(Flags& flags);
void add_reconstruction(Flags& flags);
void add_objective(Flags& flags);
void add_schedule(Flags& flags);
void add_training(Flags& flags);
void add_results(Flags& flags);

/// Says which flags were given and change nothing: those that only another choice reads.
void report_idle(const CLI::App& app, const Options& options, std::ostream& errors);

}  // namespace flags
