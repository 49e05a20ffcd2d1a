#include "report/report.hpp"

#include <bvae/core/errors.hpp>

#include <unistd.h>

#include <stdexcept>

#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using namespace report;

TEST_CASE("A grid's folder gets summary.json and a page with the same bytes in it", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.seed = 0});
  write_fake_run(folder / "b", {.schedule = "warmup", .seed = 0});
  const SummaryOutcome outcome = summarize(folder.path());
  CHECK(outcome.excluded.empty());
  CHECK_THAT(outcome.table, ContainsSubstring("warmup"));
  const std::string page = read_text(folder / "report.html");
  const std::string start = "<script type=\"application/json\" id=\"summary\">";
  const std::size_t from = page.find(start) + start.size();
  CHECK(page.substr(from, page.find("</script>", from) - from) == read_text(folder / "summary.json"));
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.find("{{") == std::string::npos);
  std::size_t pictures = 0;
  for (std::size_t at = 0; (at = page.find("src=\"data:image/png;base64,iVBORw0KGgo", at)) != std::string::npos; ++at)
    ++pictures;
  CHECK(pictures == 6);
  CHECK_THAT(
      page,
      ContainsSubstring(
          "base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNQWMDwIAEABUYCAQ2l0f0AAAAASUVORK5CYII="
          "\">"));  // as Python's base64 has the fixture's bytes
  CHECK(folder.count() == 4);
  (void)summarize(folder.path());
  CHECK(read_text(folder / "report.html") == page);
}

TEST_CASE("The baseline is the one asked for", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.seed = 0});
  write_fake_run(folder / "b", {.schedule = "warmup", .seed = 0});
  (void)summarize(folder.path(), {.baseline = "warmup"});
  CHECK(Json::parse(read_text(folder / "summary.json"))["comparisons"][0]["baseline"] == 1);
  CHECK_THROWS_AS(summarize(folder.path(), {.baseline = "cyclical"}), std::invalid_argument);
}

TEST_CASE("Where no run can be read, nothing is written and the error says why", "[report]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(summarize(folder.path()), ContainsSubstring("at least one run that is done, found none"));
  write_fake_run(folder / "a", {});
  change(folder / "a/results.json", "bvae-results-1", "other");
  CHECK_THROWS_WITH(summarize(folder.path()),
                    ContainsSubstring("a, is unreadable") && ContainsSubstring("found other"));
  CHECK_THROWS_AS(summarize(folder / "nowhere"), bvae::FileError);
  CHECK(folder.count() == 1);
}

TEST_CASE("A failed write leaves the old files as they were", "[report]") {
  if (::geteuid() == 0) {  // root writes everywhere, but not over a folder
    const TemporaryFolder folder;
    write_fake_run(folder / "a", {});
    write_text(folder / "summary.json", "old");
    fs::create_directory(folder / "report.html");
    CHECK_THROWS_AS(summarize(folder.path()), bvae::FileError);
    CHECK(read_text(folder / "summary.json") == "old");
    CHECK(folder.count() == 3);
  }
}

TEST_CASE("A single run's folder gets its page, also of a run that was stopped", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "a", {.results = {{"stopped", "interrupted by SIGINT"}}});
  write_report(folder / "a");
  const std::string page = read_text(folder / "a/report.html");
  CHECK_THAT(page, ContainsSubstring("\"kind\": \"run\"") && ContainsSubstring("interrupted by SIGINT"));
  CHECK_FALSE(fs::exists(folder / "a/summary.json"));
  fs::remove(folder / "a/samples.png");
  CHECK_THROWS_WITH(write_report(folder / "a"), ContainsSubstring("samples.png"));
  CHECK(read_text(folder / "a/report.html") == page);
}

TEST_CASE("Names of folders and texts of configurations are no markup", "[report]") {
  const TemporaryFolder folder;
  write_fake_run(folder / "<b>&\"", {});
  (void)summarize(folder.path());
  const std::string page = read_text(folder / "report.html");
  CHECK_THAT(page, ContainsSubstring("&lt;b&gt;&amp;&quot;"));
  CHECK(page.find("<b>") == std::string::npos);
}
