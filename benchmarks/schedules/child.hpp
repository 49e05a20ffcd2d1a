#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

/// A program that runs beside this one, in a process group of its own, so that a terminal's Ctrl-C does not reach it.
/// Its output goes to a file; it has no input.
struct Child {
  ::pid_t process = -1;

  /// \param log    of its stdout and stderr; made
  /// \param shared a descriptor that the child keeps open until its end
  /// \throws bvae::FileError if the log cannot be made or the program cannot be started
  static Child start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                     const std::filesystem::path& log, int shared);

  /// Nothing (-1) if it still runs, or else what waitpid says.
  [[nodiscard]] int poll() const;
  void send(int signal) const;
};

/// "exit code 3", "signal 9 (Killed)"
std::string describe_status(int status);

/// The last lines of a program's output, a line break and an indent before each: what went wrong is there.
std::string last_lines(const std::filesystem::path& log);
