/// Runs as child processes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "grid.hpp"

struct JobOptions {
  std::filesystem::path program;  ///< the MNIST example
  std::filesystem::path out;      ///< the grid's folder
  int jobs = 1;                   ///< children at once
  int threads = 1;                ///< of each
};

/// How many runs ended how.
struct Outcome {
  std::size_t done = 0;       ///< now
  std::size_t before = 0;     ///< done already
  std::size_t elsewhere = 0;  ///< another process has them
  std::size_t failed = 0;
  std::size_t unusable = 0;  ///< damaged results, or another version's: left alone
  int signal = 0;            ///< that ended the grid; 0 if it came to its end
};

/// Does all runs that are not done yet, and says of each on stderr how it went. A run that fails harms no other.
///
/// SIGINT, SIGTERM and SIGHUP: the children are asked to end, and no new one starts; a second signal kills them.
Outcome run_all(const std::vector<Run>& runs, const JobOptions& options);
