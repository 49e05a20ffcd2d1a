#include "run_state.hpp"

#include <unistd.h>

#include <bvae/core/errors.hpp>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "options.hpp"
#include "report/fixture.hpp"
#include "support/catch.hpp"
#include "workplace.hpp"

namespace {

namespace fs = std::filesystem;

const std::string kHash = "0123456789abcdef";

/// A grid's folder, gone afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("state test " + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file, std::ios::binary) << text;
  }
  [[nodiscard]] Finding look() const { return ::look(path, kHash); }
};

/// The results of a whole run that is in the folder now.
nlohmann::json write_whole(const fs::path& folder) {
  write_fake_run(folder, {});
  write_text(folder / "report.html", "a report");
  return nlohmann::json::parse(read_text(folder / "results.json"));
}

}  // namespace

TEST_CASE("State of a run: done, to do, failed, interrupted", "[schedules]") {
  const Folder out;
  CHECK(look(out.path / "nowhere", kHash).state == State::kToDo);
  CHECK(out.look().state == State::kToDo);
  fs::create_directories(out.path / (kHash + ".failed"));
  CHECK(out.look().state == State::kFailed);
  fs::create_directories(out.path / ("." + kHash + ".1.tmp"));
  CHECK(out.look().state == State::kInterrupted);
  out.write(fs::path(kHash) / "config.json", "{}");
  CHECK(out.look().state == State::kInterrupted);
  nlohmann::json stopped = write_whole(out.path / kHash);
  const Finding done = out.look();
  CHECK(done.state == State::kDone);
  CHECK(done.elbo == -105.0);
  stopped["stopped"] = "interrupted";
  out.write(fs::path(kHash) / "results.json", stopped.dump());
  CHECK(out.look().state == State::kInterrupted);
}

TEST_CASE("State of a run: results that are damaged, or another version's", "[schedules]") {
  const Folder out;
  const fs::path file = fs::path(kHash) / "results.json";
  const auto state_of = [&](const std::string& text) {
    out.write(file, text);
    const Finding finding = out.look();
    const bool named = finding.problem.find((out.path / kHash).string()) != std::string::npos;
    CHECK(named == (finding.state == State::kDamaged || finding.state == State::kOtherVersion));
    return finding.state;
  };
  const nlohmann::json good = write_whole(out.path / kHash);
  const std::string text = good.dump();
  REQUIRE(state_of(text) == State::kDone);
  for (std::size_t cut = 0; cut < text.size(); cut += 13) CHECK(state_of(text.substr(0, cut)) == State::kDamaged);
  for (const char* other : {"null", "[]", "1", "\xff", "{}"}) CHECK(state_of(other) == State::kDamaged);
  CHECK(state_of(std::string(100000, '[')) == State::kDamaged);
  CHECK(state_of(text + std::string(1 << 20, ' ')) == State::kDamaged);
  for (const auto& [key, value] : good.items()) {
    nlohmann::json lacking = good;
    lacking.erase(key);
    CHECK(state_of(lacking.dump()) == State::kDamaged);
  }
  nlohmann::json old = good;
  old["bvae"] = "0.0.1";
  CHECK(state_of(old.dump()) == State::kOtherVersion);
  old = good;
  old["format"] = "bvae-results-0";
  CHECK(state_of(old.dump()) == State::kOtherVersion);
  for (const char* name : {"config.json", "metrics.jsonl", "samples.png"}) {
    write_whole(out.path / kHash);
    REQUIRE(out.look().state == State::kDone);
    write_text(out.path / kHash / name, read_text(out.path / kHash / name).substr(0, 20));
    CHECK(out.look().state == State::kDamaged);
  }
  fs::remove_all(out.path / kHash);
  std::ofstream(out.path / kHash) << "a file";
  CHECK(out.look().state == State::kDamaged);
}

TEST_CASE("A run's lock: one owner, until all who share it have ended", "[schedules]") {
  const Folder out;
  {
    const RunLock first(out.path, kHash);
    REQUIRE(first.owned());
    CHECK_FALSE(RunLock(out.path, kHash).owned());
    CHECK(RunLock(out.path, "fedcba9876543210").owned());
    CHECK(out.look().state == State::kRunning);
  }
  CHECK(out.look().state == State::kToDo);
  CHECK(RunLock(out.path, kHash).owned());
}

TEST_CASE("Publishing replaces what was there, and sweeps what dead processes left", "[schedules]") {
  const Folder out;
  out.write(fs::path(kHash) / "config.json", "an old one");
  out.write(fs::path("." + kHash + ".1.tmp") / "model.safetensors", "half");
  out.write(fs::path(".fedcba9876543210.1.tmp") / "model.safetensors", "of another run");
  fs::create_directories(out.path / (kHash + ".failed"));
  const RunLock lock(out.path, kHash);
  const fs::path work = make_work_folder(out.path, kHash);
  CHECK(work == out.path / ("." + kHash + "." + std::to_string(::getpid()) + ".tmp"));
  CHECK_FALSE(fs::exists(out.path / ("." + kHash + ".1.tmp")));
  CHECK(fs::exists(out.path / ".fedcba9876543210.1.tmp"));
  write_whole(work);
  publish(work, out.path, kHash);
  CHECK(read_whole_run(out.path / kHash).state == State::kDone);
  CHECK(read_text(out.path / kHash / "config.json") != "an old one");
  CHECK_FALSE(fs::exists(out.path / (kHash + ".failed")));
  CHECK(leftovers(out.path, kHash).empty());
}

TEST_CASE("A whole run that has no name yet gets it", "[schedules]") {
  const Folder out;
  write_whole(out.path / ("." + kHash + ".1.tmp"));
  const RunLock lock(out.path, kHash);
  CHECK(make_work_folder(out.path, kHash).empty());
  CHECK(out.look().state == State::kDone);
  // Its report is what is written last.
  fs::remove_all(out.path / kHash);
  write_whole(out.path / ("." + kHash + ".1.tmp"));
  fs::remove(out.path / ("." + kHash + ".1.tmp") / "report.html");
  CHECK_FALSE(make_work_folder(out.path, kHash).empty());
  CHECK(out.look().state != State::kDone);
}

TEST_CASE("A failed run is kept, the last one only", "[schedules]") {
  const Folder out;
  const RunLock lock(out.path, kHash);
  for (const char* text : {"first", "second"}) {
    const fs::path work = make_work_folder(out.path, kHash);
    std::ofstream(work / text) << text;
    CHECK(keep_failed(work, out.path, kHash) == out.path / (kHash + ".failed"));
  }
  CHECK(fs::exists(out.path / (kHash + ".failed") / "second"));
  CHECK_FALSE(fs::exists(out.path / (kHash + ".failed") / "first"));
  CHECK_THROWS_AS(RunLock("/dev/null/below", kHash), bvae::FileError);
}
