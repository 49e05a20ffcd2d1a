#include "jobs.hpp"

#include <signal.h>

#include <bvae/core/errors.hpp>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <list>
#include <optional>
#include <sstream>

#include "child.hpp"
#include "run_state.hpp"
#include "workplace.hpp"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string duration(double seconds) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(seconds < 10 ? 1 : 0);
  if (seconds < 100) {
    text << seconds << " s";
  } else if (seconds < 6000) {
    text << seconds / 60 << " min";
  } else {
    text << std::setprecision(1) << seconds / 3600 << " h";
  }
  return text.str();
}

/// Signals that end the grid, and that of a child's end: blocked while it lives, so that they are waited for.
class Signals {
 public:
  Signals() {
    ::signal(SIGCHLD, SIG_DFL);  // ignored, it would never come
    ::sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
      struct ::sigaction action {};
      // nohup's SIGHUP stays ignored.
      if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
      ::sigaddset(&set_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next one that asks for the end; 0 if a child has ended, or nothing came for a while.
  [[nodiscard]] int wait(bool at_all) const {
    const ::timespec patience{at_all ? 1 : 0, 0};
    const int signal = ::sigtimedwait(&set_, nullptr, &patience);
    return signal > 0 && signal != SIGCHLD ? signal : 0;
  }

 private:
  ::sigset_t set_{};
  ::sigset_t before_{};
};

struct Job {
  const Run* run = nullptr;
  RunLock lock;
  fs::path work{};
  Child child{};
  Clock::time_point start{};
};

class Manager {
 public:
  Manager(const std::vector<Run>& runs, const JobOptions& options) : runs_(runs), options_(options) {}

  Outcome operator()() {
    while (true) {
      while (next_ < runs_.size() && jobs_.size() < static_cast<std::size_t>(options_.jobs) && outcome_.signal == 0) {
        guard(runs_[next_], [&] { begin(runs_[next_]); });
        ++next_;
        if (const int signal = signals_.wait(false); signal != 0) stop(signal);
      }
      if (jobs_.empty()) return outcome_;
      if (const int signal = signals_.wait(true); signal != 0) stop(signal);
      for (auto job = jobs_.begin(); job != jobs_.end();) {
        const int status = job->child.poll();
        if (status == -1) {
          ++job;
          continue;
        }
        guard(*job->run, [&] { finish(*job, status); });
        job = jobs_.erase(job);
      }
    }
  }

 private:
  /// A disk that is full, or whatever else keeps this run from its place, concerns this run only.
  template <class Step>
  void guard(const Run& run, Step step) {
    try {
      step();
    } catch (const std::exception& error) {
      ++outcome_.failed;
      say(run, std::string("FAILED: ") + error.what());
    }
  }

  void begin(const Run& run) {
    if (settled(run, look_at_results(run.hash))) return;
    RunLock lock(options_.out, run.hash);
    if (!lock.owned()) return (void)settled(run, {State::kRunning, {}, {}});
    // Another process may have done it just now.
    if (settled(run, look_at_results(run.hash))) return;
    Job job{&run, std::move(lock)};
    job.work = make_work_folder(options_.out, run.hash);
    if (job.work.empty()) {
      ++outcome_.done;
      say(run, "taken over: it was whole, but had not got its name");
      return;
    }
    std::vector<std::string> arguments = run.arguments;
    arguments.push_back("--out=" + job.work.string());
    arguments.push_back("--threads=" + std::to_string(options_.threads));
    job.start = Clock::now();
    try {
      job.child = Child::start(options_.program, arguments, job.work / "log.txt", job.lock.descriptor());
    } catch (...) {
      std::error_code ignored;
      fs::remove_all(job.work, ignored);
      throw;
    }
    jobs_.push_back(std::move(job));
  }

  [[nodiscard]] Finding look_at_results(const std::string& hash) const {
    std::error_code error;
    if (!fs::exists(options_.out / hash, error)) return {};
    return read_whole_run(options_.out / hash);
  }

  /// Whether there is nothing to do.
  bool settled(const Run& run, const Finding& finding) {
    switch (finding.state) {
      case State::kDone:
        ++outcome_.before;
        return true;
      case State::kRunning:
        ++outcome_.elsewhere;
        say(run, "skipped: another process has it");
        return true;
      case State::kDamaged:
      case State::kOtherVersion:
        ++outcome_.unusable;
        say(run, "LEFT ALONE: " + finding.problem);
        return true;
      default:
        return false;
    }
  }

  void finish(Job& job, int status) {
    const double seconds = seconds_since(job.start);
    const Finding finding = read_whole_run(job.work);
    if (status == 0 && finding.state == State::kDone) {
      publish(job.work, options_.out, job.run->hash);
      ++outcome_.done;
      spent_ += seconds;
      std::ostringstream text;
      text << duration(seconds);
      if (finding.elbo) text << ", ELBO " << std::fixed << std::setprecision(2) << *finding.elbo;
      say(*job.run, text.str());
      return;
    }
    if (outcome_.signal != 0) {
      std::error_code ignored;
      fs::remove_all(job.work, ignored);
      say(*job.run, "stopped; the next call does it again");
      return;
    }
    const fs::path kept = keep_failed(job.work, options_.out, job.run->hash);
    ++outcome_.failed;
    say(*job.run, "FAILED: " + (status == 0 ? "no whole results" : describe_status(status)) + ", kept in " +
                      kept.string() + "; the last of its log.txt:" + last_lines(kept / "log.txt"));
  }

  void stop(int signal) {
    const bool again = outcome_.signal != 0;
    if (!again) outcome_.signal = signal;
    std::cerr << "schedules: "
              << (again ? "killing the runs" : "ending; the runs at work are asked to stop. Once more kills them")
              << std::endl;
    for (const Job& job : jobs_) job.child.send(again ? SIGKILL : SIGTERM);
  }

  /// One line for a run that is over, with the time that is left.
  void say(const Run& run, const std::string& what) {
    const std::size_t over = outcome_.done + outcome_.before + outcome_.elsewhere + outcome_.failed + outcome_.unusable;
    const std::string all = std::to_string(runs_.size());
    std::cerr << '[' << std::setw(static_cast<int>(all.size())) << over << '/' << all << "] " << run.hash
              << (run.text.empty() ? "" : "  ") << run.text << "  " << what;
    if (outcome_.done > 0 && spent_ > 0 && over < runs_.size() && outcome_.signal == 0)
      std::cerr << "; about "
                << duration(spent_ / static_cast<double>(outcome_.done) * static_cast<double>(runs_.size() - over) /
                            options_.jobs)
                << " left";
    std::cerr << std::endl;
  }

  const std::vector<Run>& runs_;
  const JobOptions& options_;
  Signals signals_;
  std::list<Job> jobs_;
  std::size_t next_ = 0;
  double spent_ = 0;  // seconds of all runs that were done
  Outcome outcome_;
};

}  // namespace

Outcome run_all(const std::vector<Run>& runs, const JobOptions& options) { return Manager(runs, options)(); }
