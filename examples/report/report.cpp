#include "report.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/core/message.hpp>
#include <bvae/io/atomic_file.hpp>

#include <utility>

#include "page.hpp"

namespace report {

SummaryOutcome summarize(const std::filesystem::path& grid_folder, const SummaryOptions& options) {
  Collection collection = collect(grid_folder, options.only);
  if (collection.runs.empty()) {
    std::string found = "none";
    if (!collection.excluded.empty()) {
      const Excluded& first = collection.excluded.front();
      found = bvae::message(collection.excluded.size(), " that are not; the first, ", first.folder, ", is ",
                            first.state, ": ", first.reason);
    }
    throw bvae::FileError(grid_folder.string(), bvae::FileError::kNoOffset, "at least one run that is done", found);
  }
  const Json summary = summarise(collection, options.baseline, false);
  const std::string text = text_of(summary);
  // Both are whole before either gets its name, so that a full disk leaves no page beside another's numbers.
  bvae::AtomicFile numbers(grid_folder / "summary.json");
  numbers.write(text);
  bvae::AtomicFile page(grid_folder / "report.html");
  write_page(page, summary, text, collection.runs);
  numbers.commit();
  page.commit();
  return {.table = table_of(summary), .excluded = std::move(collection.excluded)};
}

void write_report(const std::filesystem::path& run_folder) {
  Collection collection;
  collection.runs.push_back(read_run(run_folder));
  const Json summary = summarise(collection, std::nullopt, true);
  bvae::AtomicFile page(run_folder / "report.html");
  write_page(page, summary, text_of(summary), collection.runs);
  page.commit();
}

}  // namespace report
