/// Runs the MNIST example with every combination of flags, and compares the runs.

#include <bvae/core/errors.hpp>

#include <sched.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

#include "command_line.hpp"
#include "exit_code.hpp"
#include "jobs.hpp"
#include "mnist_cache.hpp"
#include "run_state.hpp"
#include "summarize.hpp"

namespace {

namespace fs = std::filesystem;

constexpr int kIncomplete = 1;  ///< some runs failed, or cannot be used

int fail(int code, const std::string& message) {
  std::cerr << "schedules: " << message << '\n';
  return code;
}

int list(const Grid& grid, const fs::path& out) {
  const auto width = static_cast<int>(std::to_string(grid.runs.size()).size());
  for (std::size_t i = 0; i < grid.runs.size(); ++i) {
    const Run& run = grid.runs[i];
    const Finding finding = look(out, run.hash);
    std::cout << std::setw(width) << i + 1 << "  " << run.hash << "  " << std::left << std::setw(13)
              << name(finding.state) << std::right << "  " << run.text << '\n';
    if (!finding.problem.empty()) std::cerr << "schedules: " << finding.problem << '\n';
  }
  return std::cout.flush() ? kDone : fail(kFiles, "standard output cannot be written");
}

/// The example would train on other digits instead, under the same hash.
bool needs_missing_mnist(const std::vector<Run>& runs) {
  return missing_in_cache() != nullptr && std::any_of(runs.begin(), runs.end(), [](const Run& run) {
           return run.options.dataset == "mnist" && !run.options.data;
         });
}

/// An error of a file's grid names the file.
Grid expand_with_origin(const Command& command) {
  try {
    return expand(command.products);
  } catch (const GridError& error) {
    if (command.file.empty()) throw;
    throw GridError(command.file.string() + ": " + error.what());
  }
}

/// Those that this process may use.
int usable_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

JobOptions job_options(const Command& command, std::size_t runs) {
  const int cores = usable_cores();
  JobOptions options{.program = command.program, .out = command.out};
  options.jobs = std::min(command.jobs.value_or(cores), static_cast<int>(runs));
  options.threads = command.threads.value_or(std::max(1, cores / options.jobs));
  return options;
}

std::string counted(std::size_t count, const std::string& what) {
  return count == 0 ? "" : ", " + std::to_string(count) + ' ' + what;
}

/// These runs and no others that the folder may have. False if some had to be left out, or if there is no such
/// baseline: what was computed is shown without it.
bool summarize_all(const std::vector<Run>& runs, const Command& command) {
  std::vector<std::string> hashes;
  for (const Run& run : runs) hashes.push_back(run.hash);
  try {
    return summarize(command.out, command.baseline, hashes) == 0;
  } catch (const std::invalid_argument& error) {
    std::cerr << "schedules: --baseline: " << error.what() << "\nschedules: compared without it\n";
    summarize(command.out, std::nullopt, hashes);
    return false;
  }
}

int run(const Command& command) {
  Grid grid = expand_with_origin(command);
  if (command.index) {
    if (*command.index > grid.runs.size())
      throw GridError("--index: the grid has runs 1 to " + std::to_string(grid.runs.size()) + ", found " +
                      std::to_string(*command.index));
    grid.runs = {grid.runs[*command.index - 1]};
  }
  if (command.list) return list(grid, command.out);
  if (grid.merged > 0)
    std::cerr << "schedules: " << grid.merged << " combination(s) left out that do the same as another one\n";
  if (needs_missing_mnist(grid.runs))
    return fail(kFiles, std::string("--dataset: MNIST is not in the cache folder (no ") + missing_in_cache() +
                            "); benchmarks/schedules/run.sh downloads it, --data DIR names another folder, and "
                            "--dataset bundled needs none");
  std::error_code error;
  if (!fs::is_regular_file(command.program, error))
    return fail(kUsage, "--program: " + command.program.string() + " is no file");
  fs::create_directories(command.out, error);
  if (!fs::is_directory(command.out, error))
    return fail(kFiles, "--out: the folder " + command.out.string() + " cannot be made: " + error.message());

  const JobOptions options = job_options(command, grid.runs.size());
  std::cerr << "schedules: " << grid.runs.size() << " run(s) in " << command.out.string() << ", " << options.jobs
            << " at once with " << options.threads << " thread(s) each\n";
  const Outcome outcome = run_all(grid.runs, options);
  std::cerr << "schedules: " << outcome.done << " done" << counted(outcome.before, "done before")
            << counted(outcome.elsewhere, "left to another process") << counted(outcome.failed, "failed")
            << counted(outcome.unusable, "with results that cannot be used") << '\n';
  if (outcome.signal != 0) return 128 + outcome.signal;
  // One task of an array has seen nothing of the others.
  bool compared = true;
  if (!command.index && outcome.done + outcome.before > 0) compared = summarize_all(grid.runs, command);
  return outcome.failed + outcome.unusable > 0 || !compared ? kIncomplete : kDone;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto command = parse_command_line(argc, argv);
    if (const int* code = std::get_if<int>(&command)) return *code;
    const auto& wanted = std::get<Command>(command);
    if (!wanted.summarize) return run(wanted);
    summarize(*wanted.summarize, wanted.baseline);
    return kDone;
  } catch (const std::invalid_argument& error) {  // a wrong grid, a baseline that there is not
    return fail(kUsage, error.what());
  } catch (const bvae::FileError& error) {
    return fail(kFiles, error.what());
  } catch (const std::exception& error) {
    return fail(kUnexpected, error.what());
  }
}
