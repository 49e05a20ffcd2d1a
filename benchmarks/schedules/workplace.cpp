#include "workplace.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <bvae/core/errors.hpp>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "run_state.hpp"

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& expected, const std::error_code& error) {
  throw bvae::FileError(path.string(), bvae::FileError::kNoOffset, expected, error.message());
}
std::error_code last_error() { return {errno, std::generic_category()}; }

fs::path lock_file(const fs::path& out, const std::string& hash) { return out / ".locks" / hash; }

void remove_folder(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail(path, "a folder that can be removed", error);
}

void move_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail(from, "a folder that can be renamed to " + to.string(), error);
}

void sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, "to be opened", last_error());
  const bool good = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP;  // not every file system has it
  const std::error_code error = last_error();
  ::close(descriptor);
  if (!good) fail(path, "to be brought to the disk", error);
}

/// What is at `to` goes, but only when `from` has its place.
void replace(const fs::path& from, const fs::path& to, const fs::path& aside) {
  std::error_code error;
  if (fs::symlink_status(to, error).type() != fs::file_type::not_found) {
    remove_folder(aside);
    move_folder(to, aside);
  }
  move_folder(from, to);
  remove_folder(aside);
}

fs::path hidden(const fs::path& out, const std::string& hash, const char* ending) {
  return out / ('.' + hash + '.' + std::to_string(::getpid()) + ending);
}

}  // namespace

RunLock::RunLock(const fs::path& out, const std::string& hash) {
  const fs::path file = lock_file(out, hash);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) fail(file.parent_path(), "a folder that can be made", error);
  // Not removed afterwards: between another process's open and its flock it would be another file.
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(file, "a file that can be made", last_error());
  for (int attempt = 0; attempt < 10; ++attempt) {  // is_locked has it for a moment
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      descriptor_ = descriptor;
      return;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) {
      const std::error_code why = last_error();
      ::close(descriptor);
      fail(file, "a file system with locks", why);
    }
  }
  ::close(descriptor);
}
RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool is_locked(const fs::path& out, const std::string& hash) {
  const int descriptor = ::open(lock_file(out, hash).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

std::vector<fs::path> leftovers(const fs::path& out, const std::string& hash) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(out, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.' + hash + '.') && (name.ends_with(".tmp") || name.ends_with(".old")))
      found.push_back(entry->path());
  }
  return found;
}

fs::path make_work_folder(const fs::path& out, const std::string& hash) {
  for (const fs::path& leftover : leftovers(out, hash)) {
    std::error_code error;
    if (fs::exists(leftover / "report.html", error) && read_whole_run(leftover).state == State::kDone) {
      publish(leftover, out, hash);
      return {};
    }
    remove_folder(leftover);
  }
  const fs::path work = hidden(out, hash, ".tmp");
  std::error_code error;
  fs::create_directory(work, error);
  if (error) fail(work, "a folder that can be made", error);
  return work;
}

void publish(const fs::path& work, const fs::path& out, const std::string& hash) {
  std::error_code error;
  for (fs::directory_iterator entry(work, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_regular_file()) sync(entry->path());
  if (error) fail(work, "a folder that can be listed", error);
  sync(work);
  replace(work, out / hash, hidden(out, hash, ".old"));
  sync(out);
  remove_folder(out / (hash + ".failed"));
}

fs::path keep_failed(const fs::path& work, const fs::path& out, const std::string& hash) {
  const fs::path kept = out / (hash + ".failed");
  replace(work, kept, hidden(out, hash, ".old"));
  return kept;
}
