#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <map>
#include <string>
#include <system_error>

#include "exit_code.hpp"
#include "grid_file.hpp"

namespace {

constexpr const char* kDescription =
    "Runs the MNIST example many times, with every combination of the flags' values, and compares the runs.\n"
    "docs/benchmark.md says how to use it.\n"
    "\n"
    "Flags of the MNIST example may have lists, and whole numbers ranges: --schedule constant,warmup --beta 0.5,1,4\n"
    "--seed 0..4. (--beta-points, --phases, --data and other names of files: one value each time the flag is given.)\n"
    "examples/mnist/run.sh --help lists them; --out and --threads have another meaning here.\n";

constexpr const char* kFooter =
    "\nRuns that are done are not done again: the same command goes on where it was stopped. Ctrl-C or SIGTERM: the\n"
    "runs at work are asked to stop, a second one kills them. Progress goes to stderr, results to stdout.\n"
    "\nExit codes: 0 all runs are done (or another process has them); 1 some failed, or have damaged results, or "
    "those\n"
    "of another version; 2 wrong flags or a wrong grid, nothing was written; 3 data that are missing, or a folder\n"
    "that cannot be used; 129, 130 and 143 after SIGHUP, Ctrl-C and SIGTERM.\n";

/// Schedules at one beta, and free bits, which all claim to keep latents alive.
std::vector<Product> quick_grid() {
  const std::vector<std::string> epochs{"3"};
  const std::vector<std::string> seeds{"0", "1", "2"};
  return {{{"schedule", {"constant", "warmup", "cyclical"}}, {"beta", {"4"}}, {"epochs", epochs}, {"seed", seeds}},
          {{"free-bits", {"0.5"}}, {"beta", {"4"}}, {"epochs", epochs}, {"seed", seeds}}};
}

template <class Number>
void add_number(CLI::App& app, const std::string& flag, std::optional<Number>& value, Number high,
                const std::string& help) {
  const auto read = [flag, &value, high](const std::string& given) {
    Number number{};
    const char* const last = given.data() + given.size();
    const auto [end, error] = std::from_chars(given.data(), last, number);
    if (error != std::errc{} || end != last || number < 1 || number > high)
      throw CLI::ValidationError(flag,
                                 "expected a whole number, 1 to " + std::to_string(high) + ", found '" + given + "'");
    value = number;
  };
  app.add_option_function<std::string>(flag, read, help)->type_name("N");
}

void add_path(CLI::App& app, const std::string& flag, const std::function<void(const std::string&)>& take,
              const std::string& shown, const std::string& help) {
  const auto read = [flag, take](const std::string& given) {
    if (given.empty()) throw CLI::ValidationError(flag, "must be a name, not empty");
    take(given);
  };
  app.add_option_function<std::string>(flag, read, help)->type_name(shown);
}

/// Adds the axes of the command line to each product.
void add_axes(std::vector<Product>& products, const std::vector<Axis>& axes, const std::string& origin) {
  if (products.empty()) products.emplace_back();
  for (Product& product : products)
    for (const Axis& axis : axes) {
      const auto same = [&](const Axis& other) { return other.flag == axis.flag; };
      const auto found = std::find_if(product.begin(), product.end(), same);
      if (found == product.end()) {
        product.push_back(axis);
      } else if (origin == "--quick") {
        *found = axis;
      } else {
        throw GridError("--" + axis.flag + ": " + origin + " has this flag already");
      }
    }
}

}  // namespace

std::variant<Command, int> parse_command_line(int argc, const char* const* argv) {
  Command command;
  command.program = SCHEDULES_MNIST_PROGRAM;
  std::optional<std::filesystem::path> file;
  bool quick = false;
  CLI::App app(kDescription, "schedules");
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  app.set_version_flag("--version", "bvae " + library_version());
  auto* const grid = app.add_option_function<std::string>(
      "--grid", [&](const std::string& name) { file = name; }, "a JSON file with the grid: docs/benchmark.md");
  grid->type_name("FILE");
  app.add_flag("--quick", quick,
               "a small grid, minutes on two cores: three schedules and free bits\n"
               "with three seeds; further flags replace its own")
      ->excludes(grid);
  add_path(
      app, "--out", [&](const std::string& name) { command.out = name; }, "DIR",
      "folder of the runs, made if missing. Default: runs/schedules");
  auto* const list = app.add_flag("--list", command.list, "print the runs and their states, and do nothing");
  add_number(app, "--index", command.index, kMostRuns,
             "do only this run of the list, the first is 1: for arrays of jobs");
  app.get_option("--index")->excludes(list);
  add_number(app, "--jobs", command.jobs, 1024,
             "runs at once. Default: one for each core; results do not depend on it");
  add_number(app, "--threads", command.threads, 1024, "of each run. Default: the cores, shared out");
  add_path(
      app, "--program", [&](const std::string& name) { command.program = name; }, "FILE",
      "the MNIST example. Default: the one that was built with this program");

  const std::string baseline_help =
      "compare all others with the group of this label, as the table\n"
      "has it. Default: each with constant at its own beta";
  app.add_option("--baseline", command.baseline, baseline_help)->type_name("LABEL");

  std::map<std::string, std::vector<std::string>> given;
  for (const Flag& flag : known_flags())
    if (flag.name != "out" && flag.name != "threads")
      app.add_option("--" + flag.name, given[flag.name])
          ->allow_extra_args(false)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->group("");  // the example's own --help lists them

  CLI::App* const summarize = app.add_subcommand("summarize", "compare the runs that are in a folder");
  std::string folder;
  summarize->add_option("FOLDER", folder, "of a grid: the --out of its runs")->required();
  summarize->add_option("--baseline", command.baseline, baseline_help)->type_name("LABEL");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool served = app.exit(error, std::cout, std::cerr) == 0;  // --help, --version
    return served ? kDone : kUsage;
  }
  std::vector<Axis> axes;
  for (const Flag& flag : known_flags())  // in the example's order, whatever that of the command line
    if (const auto& values = given[flag.name]; !values.empty()) axes.push_back(read_axis(flag.name, values));
  if (summarize->parsed()) {
    if (quick || file || !axes.empty() || command.list || command.index)
      throw GridError("summarize takes the folder of a grid, and no flags that make one");
    command.summarize = folder;
    return command;
  }
  if (!quick && !file && axes.empty())
    throw GridError("nothing to run: --quick, --grid FILE or flags with values make a grid (--help)");
  if (quick) command.products = quick_grid();
  if (file) command.products = read_grid_file(*file);
  command.file = file.value_or("");
  add_axes(command.products, axes, quick ? "--quick" : file.value_or("").string());
  return command;
}
