#include "bvae/callbacks/progress_bar.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include "bvae/schedules/constant.hpp"
#include "callbacks/harness.hpp"
#include "support/catch.hpp"

using bvae::ProgressBar;

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string text_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// An environment variable for the length of a scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    had_ = std::getenv(name) != nullptr;
    if (value != nullptr) {
      ::setenv(name, value, 1);
    } else {
      ::unsetenv(name);
    }
  }
  ~Variable() {
    if (had_) {
      ::setenv(name_, old_.c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

/// What a run of two epochs writes to a terminal; empty if this machine gives out none.
std::string on_a_terminal() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return "";
  {
    const File screen(std::fopen(::ptsname(master), "w"));
    if (!screen) return "";
    harness::Model model{};
    harness::train(model, bvae::Constant{1}, 2, ProgressBar(screen.get()));
  }
  // The screen is closed, so what it was given ends with an error of read. Until then it may come in any pieces.
  std::string text;
  char piece[4096];
  for (;;) {
    const auto got = ::read(master, piece, sizeof piece);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
  }
  ::close(master);
  return text;
}

}  // namespace

TEST_CASE("ProgressBar: elsewhere than on a terminal it prints one line an epoch, without control characters",
          "[callback]") {
  const File file(std::tmpfile());
  harness::Model model{};
  harness::train(model, bvae::Constant{2}, 3, ProgressBar(file.get()));
  const std::string text = text_of(file.get());
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.back() == '\n');
  CHECK(count(text, "\nepoch ") == 3);
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);  // two lines say what is trained
  CHECK_THAT(text, ContainsSubstring("epoch 1/3  beta 2 ") && ContainsSubstring("epoch 3/3") &&
                       ContainsSubstring("40 samples in batches of 8") && ContainsSubstring("gaussian likelihood") &&
                       ContainsSubstring("binarisation none") && ContainsSubstring("ELBO") &&
                       ContainsSubstring("active"));
}

TEST_CASE("ProgressBar: there is no ELBO of a likelihood that is no density", "[callback]") {
  const File file(std::tmpfile());
  ProgressBar bar(file.get());
  harness::Run run{.info = {.likelihood_is_density = false}};
  run.end(bar, {.reconstruction = 3, .kl = 1});
  CHECK_THAT(text_of(file.get()),
             ContainsSubstring("validation: reconstruction 3.00  KL 1.00  active") && !ContainsSubstring("ELBO"));
}

TEST_CASE("ProgressBar: says why training ended early", "[callback]") {
  const File file(std::tmpfile());
  harness::Model model{};
  harness::train(
      model, bvae::Constant{2}, 3,
      [](const bvae::StepEnd& e) {
        if (e.step == 7) e.control.stop("enough");
      },
      ProgressBar(file.get()));
  const std::string text = text_of(file.get());
  CHECK_THAT(text, ContainsSubstring("stopped after step 7: enough\n"));
  CHECK(count(text, "\nepoch ") == 1);
}

TEST_CASE("ProgressBar: on a terminal it draws over one line, unless that is not wanted", "[callback]") {
  const Variable term("TERM", "xterm");
  {
    const Variable colour("NO_COLOR", nullptr);
    const std::string text = on_a_terminal();
    if (text.empty()) return;
    CHECK_THAT(text, ContainsSubstring("\r\x1b[Kepoch 1/2 [") && ContainsSubstring("left ") &&
                         ContainsSubstring("\r\x1b[Kepoch 1/2  beta 1 "));
    const Variable dumb("TERM", "dumb");
    CHECK(on_a_terminal().find('\x1b') == std::string::npos);
  }
  const Variable colour("NO_COLOR", "1");
  CHECK(on_a_terminal().find('\x1b') == std::string::npos);
}

TEST_CASE("ProgressBar: durations are minutes and seconds, with hours only when there are some", "[callback]") {
  CHECK(ProgressBar::duration(0) == "0:00");
  CHECK(ProgressBar::duration(0.4) == "0:00");
  CHECK(ProgressBar::duration(0.6) == "0:01");
  CHECK(ProgressBar::duration(59.4) == "0:59");
  CHECK(ProgressBar::duration(59.6) == "1:00");
  CHECK(ProgressBar::duration(123) == "2:03");
  CHECK(ProgressBar::duration(3599.6) == "1:00:00");
  CHECK(ProgressBar::duration(3723) == "1:02:03");
  CHECK(ProgressBar::duration(360000) == "100:00:00");
  CHECK(ProgressBar::duration(-5) == "0:00");
  CHECK(ProgressBar::duration(std::numeric_limits<double>::quiet_NaN()) == "0:00");
  CHECK(ProgressBar::duration(std::numeric_limits<double>::infinity()) == "0:00");
}
