#include "child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bvae/core/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>
#include <system_error>

extern char** environ;

namespace {

constexpr std::streamoff kTail = 4096;
constexpr std::size_t kLines = 6;

/// The two things that posix_spawn is told by, freed in the end.
struct Plan {
  ::posix_spawn_file_actions_t files;
  ::posix_spawnattr_t attributes;
  Plan() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Plan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
};

}  // namespace

Child Child::start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   const std::filesystem::path& log, int shared) {
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (output < 0)
    throw bvae::FileError(log.string(), bvae::FileError::kNoOffset, "a file that can be made", std::strerror(errno));

  Plan plan;
  constexpr int kShared = 3;  // after the log, which may have that number
  ::posix_spawn_file_actions_adddup2(&plan.files, output, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.files, STDERR_FILENO, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.files, shared, kShared);
  ::posix_spawn_file_actions_addopen(&plan.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);  // this process waits for signals and has them blocked
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  const std::string path = program.string();
  std::vector<char*> words{const_cast<char*>(path.c_str())};  // posix_spawn changes nothing
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  Child child;
  const int error = ::posix_spawn(&child.process, path.c_str(), &plan.files, &plan.attributes, words.data(), environ);
  ::close(output);
  if (error != 0)
    throw bvae::FileError(path, bvae::FileError::kNoOffset, "a program that can be started", std::strerror(error));
  return child;
}

int Child::poll() const {
  int status = 0;
  return ::waitpid(process, &status, WNOHANG) == process ? status : -1;
}

void Child::send(int signal) const { ::kill(process, signal); }

std::string describe_status(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ')';
}

std::string last_lines(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  if (!file) return {};
  file.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(file.tellg()) - kTail));
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    line.erase(0, line.rfind('\r') + 1);  // what a progress bar wrote over
    if (line.empty()) continue;
    lines.push_back(line);
    if (lines.size() > kLines) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += "\n    " + line;
  return text;
}
