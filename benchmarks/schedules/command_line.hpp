#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "grid.hpp"

/// What the user wants.
struct Command {
  std::optional<std::filesystem::path> summarize{};  ///< only this
  std::vector<Product> products{};
  std::filesystem::path file{};  ///< that they were read from, if any
  std::filesystem::path out = "runs/schedules";
  std::filesystem::path program;
  bool list = false;
  std::optional<std::size_t> index{};     ///< from 1
  std::optional<std::string> baseline{};  ///< label of the group that the others are compared with
  std::optional<int> jobs{};
  std::optional<int> threads{};
};

/// Reads the command line of `schedules`. Gives an exit code instead if there is nothing left to do: after --help and
/// --version, and after an error, which it has printed.
/// \throws GridError
std::variant<Command, int> parse_command_line(int argc, const char* const* argv);
