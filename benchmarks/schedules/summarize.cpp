#include "summarize.hpp"

#include <bvae/core/errors.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <string>
#include <system_error>

#include "run_state.hpp"

namespace fs = std::filesystem;

namespace {

bool is_run(const std::string& name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

void summarize(const fs::path& out) {
  std::array<std::size_t, 7> counts{};
  std::size_t failed = 0;
  std::error_code error;
  for (fs::directory_iterator entry(out, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path path = entry->path();
    if (is_run(path.filename().string())) ++counts[static_cast<std::size_t>(read_results(path).state)];
    if (path.extension() == ".failed") ++failed;
  }
  if (error) throw bvae::FileError(out.string(), bvae::FileError::kNoOffset, "the folder of a grid", error.message());
  counts[static_cast<std::size_t>(State::kFailed)] = failed;
  std::cout << out.string() << ':';
  for (std::size_t state = 0; state < counts.size(); ++state)
    if (counts[state] > 0) std::cout << "  " << counts[state] << ' ' << name(static_cast<State>(state));
  if (std::all_of(counts.begin(), counts.end(), [](std::size_t count) { return count == 0; })) std::cout << "  no runs";
  std::cout << std::endl;
}
