/// Where a run works, and how its folder gets its name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The right to do a run. It is a lock of the system's (flock), so that it ends with the process that has it, however
/// that ends. A child process shares it: it is held for as long as the child lives, even if its parent was killed.
class RunLock {
 public:
  /// Tries to get it; see owned().
  /// \throws bvae::FileError if the folder of the locks cannot be made
  RunLock(const std::filesystem::path& out, const std::string& hash);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&&) = delete;

  [[nodiscard]] bool owned() const { return descriptor_ >= 0; }
  /// For the child that shares it.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// Whether some process has the right to do this run.
bool is_locked(const std::filesystem::path& out, const std::string& hash);

/// Hidden folders that runs of this hash work, or worked, in.
std::vector<std::filesystem::path> leftovers(const std::filesystem::path& out, const std::string& hash);

// All of the following are for the owner of the run's lock.

/// A new, empty folder for a run to work in: OUT/.HASH.PID.tmp. What dead processes left of this run goes; only a whole
/// run among it, whose process had died before it could give it its name, is published.
/// \returns nothing ("") if there was such a run
/// \throws bvae::FileError
std::filesystem::path make_work_folder(const std::filesystem::path& out, const std::string& hash);

/// Brings a folder with a whole run to the disk and gives it its name, OUT/HASH, in place of what was there.
/// \throws bvae::FileError
void publish(const std::filesystem::path& work, const std::filesystem::path& out, const std::string& hash);

/// Keeps what a failed run left as OUT/HASH.failed, in place of what was there.
/// \throws bvae::FileError
std::filesystem::path keep_failed(const std::filesystem::path& work, const std::filesystem::path& out,
                                  const std::string& hash);
