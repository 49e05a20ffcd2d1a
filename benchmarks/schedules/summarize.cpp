#include "summarize.hpp"

#include <iostream>

#include "report/report.hpp"

std::size_t summarize(const std::filesystem::path& out, const std::optional<std::string>& baseline,
                      const std::optional<std::vector<std::string>>& only) {
  const report::SummaryOutcome outcome = report::summarize(out, {.baseline = baseline, .only = only});
  for (const report::Excluded& run : outcome.excluded)
    std::cerr << "schedules: left out: " << (out / run.folder).string() << " (" << run.state << "): " << run.reason
              << '\n';
  std::cout << outcome.table << (out / "report.html").string() << std::endl;
  return outcome.excluded.size();
}
