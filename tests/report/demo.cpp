// Makes the folders that browser_test.py opens: OUT/grid, and OUT/single for the report on one run.
#include <cmath>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include "fixture.hpp"
#include "report/report.hpp"

namespace fs = std::filesystem;

namespace {

/// Texts that would end an element or begin one if they were read as markup.
const nlohmann::ordered_json kHostile{{"reader", "</script><!--<script><b onclick='x'>&amp;"}};

void write_grid(const fs::path& grid) {
  const char* const schedules[] = {"constant", "warmup", "cyclical",
                                   "a schedule with a long name that fills a phone's screen"};
  for (int s = 0; s < 4; ++s) {
    for (std::uint64_t seed = 0; seed < (s == 3 ? 1u : 3u); ++seed) {
      const double noise = std::sin(12.9898 * static_cast<double>(seed) + 78.233 * s);
      FakeRun run{.schedule = schedules[s],
                  .seed = seed,
                  .reconstruction = 81 - 1.5 * s + 0.2 * noise,
                  .kl = 24 + s - 0.1 * noise};
      run.active_units = 2 + static_cast<int>(seed) % 2;
      run.epochs = 12;
      run.config = kHostile;
      if (s == 2 && seed == 1) run.results = {{"elbo", nullptr}, {"log_likelihood", nullptr}};
      write_fake_run(grid / (std::to_string(s) + "-<i>-" + std::to_string(seed)), run);
    }
  }
  fs::create_directory(grid / "cut");
  write_text(grid / "cut/config.json", "{\"bvae\": \"<b>");
  write_text(grid / "cut/results.json", "{}");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::invalid_argument("usage: bvae_report_demo FOLDER");
  const fs::path out = argv[1];
  fs::remove_all(out / "grid");
  fs::remove_all(out / "single");
  write_grid(out / "grid");
  std::cout << report::summarize(out / "grid").table;
  write_fake_run(out / "single", {.config = kHostile, .results = {{"stopped", "interrupted by <SIGINT>"}}});
  report::write_report(out / "single");
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bvae_report_demo: " << error.what() << '\n';
  return 1;
}
