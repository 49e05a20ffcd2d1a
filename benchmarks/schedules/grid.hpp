/// Which runs a grid has.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "options.hpp"

/// A grid that cannot be what its author meant; the message says where.
struct GridError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A flag of the example, without its dashes, and the values that it takes in turn.
struct Axis {
  std::string flag;
  std::vector<std::string> values;
};

/// Every combination of the values of its axes; the last one changes fastest.
using Product = std::vector<Axis>;

/// One run of the example.
struct Run {
  std::vector<std::string> arguments;  ///< for the example: "--beta=4"
  Options options{};
  std::string hash{};  ///< 16 hexadecimal digits, the name of its folder
  std::string text{};  ///< what distinguishes it from the grid's other runs: "schedule=warmup seed=2"
};

struct Grid {
  std::vector<Run> runs;   ///< in the order of the products, each configuration once
  std::size_t merged = 0;  ///< how many were left out, because another one does the same
};

/// More runs than this are taken for a slip.
inline constexpr std::size_t kMostRuns = 10000;

/// The values of a flag as given on the command line: "0.5,1,4" and "0..4", which is 0,1,2,3,4. A flag whose values may
/// have commas themselves has one value each time it is given.
/// \throws GridError for an empty value, or a range with nothing in it
Axis read_axis(const std::string& flag, const std::vector<std::string>& given);

/// The union of the products, checked by the example's own parser.
/// \throws GridError for what that refuses, a flag that is the grid's own business, too many runs, or none
Grid expand(const std::vector<Product>& products);

/// Key and value of all that decides what a run finds, sorted by key, a line each: "beta=4\n". Numbers are the shortest
/// decimals that are read back as the same number; strings are in quotes.
std::string canonical_text(const Options& options);

/// 64-bit FNV-1a of the canonical text.
std::string hash_of(const Options& options);
