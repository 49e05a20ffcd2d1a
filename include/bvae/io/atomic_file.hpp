/// Files that appear whole or not at all (POSIX).
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "bvae/core/errors.hpp"
#include "bvae/core/message.hpp"

namespace bvae {
namespace detail {

/// Repeats a system call for as long as a signal interrupts it.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace detail

/// Writes a file under a temporary name in the target's folder and gives it the target's name in `commit`.
///
/// Until then, and after any failure, a file that was there before is untouched; after `commit` returned, the new
/// content survives a power cut. Without `commit` the destructor removes the temporary file. A target that exists keeps
/// its permissions, a new one gets those of the umask. A symbolic link is followed: the file it points to is replaced,
/// not the link. Something that exists and is not a regular file (/dev/stdout, a pipe, /dev/full) cannot be replaced
/// and is written directly.
///
/// \code
///   AtomicFile file("model.safetensors");
///   file.write(bytes);
///   file.commit();
/// \endcode
/// Every failure of the system throws FileError with the target's name. One object may be used by one thread at a time.
class AtomicFile {
 public:
  [[gnu::cold]] explicit AtomicFile(const std::filesystem::path& path) : target_(path), name_(path.string()) {
    struct ::stat info {};
    // stat and not lstat: for /dev/stdout and the like only the system knows where the link leads.
    const bool exists = ::stat(target_.c_str(), &info) == 0;
    if (exists && !S_ISREG(info.st_mode)) {
      direct_ = true;
      descriptor_ = detail::retry([&] { return ::open(target_.c_str(), O_WRONLY | O_CLOEXEC); });
      if (descriptor_ < 0) fail("a file that can be written", errno);
      return;
    }
    follow_links();
    if (!target_.has_filename()) fail("the name of a file", exists ? EISDIR : ENOENT);
    // The rename would also replace a file that is marked read-only: nobody expects that.
    if (exists && ::access(target_.c_str(), W_OK) != 0) fail("a file that can be written", errno);
    open_temporary();
    if (exists && ::fchmod(descriptor_, info.st_mode & 07777) != 0) {
      const int error = errno;
      discard();
      fail("to give the new file the permissions of the old", error);
    }
  }

  [[gnu::cold]] ~AtomicFile() { discard(); }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes. Short writes and interrupts are continued.
  /// \throws std::logic_error after `commit`
  [[gnu::cold]] void write(std::span<const std::byte> bytes) {
    require_open();
    while (!bytes.empty()) {
      // Some systems refuse more than 2 GB in one call.
      const std::size_t part = std::min(bytes.size(), std::size_t{1} << 30);
      const ::ssize_t written = detail::retry([&] { return ::write(descriptor_, bytes.data(), part); });
      if (written <= 0) fail(message("to write ", part, " bytes"), written < 0 ? errno : EIO);
      offset_ += written;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  [[gnu::cold]] void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Gives the file its name, once all bytes are on the disk.
  /// \throws std::logic_error if called twice
  [[gnu::cold]] void commit() {
    require_open();
    if (detail::retry([&] { return ::fsync(descriptor_); }) != 0 && !(direct_ && cannot_sync(errno))) {
      fail("to bring the file to the disk", errno);
    }
    // Not retried: after an interrupt the descriptor is closed, and its number may belong to another thread's file.
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail("to close the file", errno);
    if (direct_) return;
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(message("to rename ", temporary_.string()), errno);
    temporary_.clear();
    sync_folder();
  }

 private:
  /// Devices, pipes and some network file systems have no fsync.
  static bool cannot_sync(int error) {
    return error == EINVAL || error == ENOTSUP || error == EROFS || error == ENOSYS;
  }

  [[noreturn, gnu::cold]] void fail(std::string_view expected, int error) const {
    throw FileError(name_, offset_ > 0 ? offset_ : FileError::kNoOffset, std::string(expected),
                    std::generic_category().message(error));
  }

  [[gnu::cold]] void require_open() const {
    if (descriptor_ < 0) throw std::logic_error(message("AtomicFile: ", name_, " is already committed"));
  }

  [[gnu::cold]] std::filesystem::path folder() const { return target_.has_parent_path() ? target_.parent_path() : "."; }

  [[gnu::cold]] void follow_links() {
    std::error_code error;
    for (int links = 0; std::filesystem::is_symlink(target_, error); ++links) {
      if (links == 40) fail("a path that ends", ELOOP);
      const std::filesystem::path next = std::filesystem::read_symlink(target_, error);
      if (error) fail("a link that can be followed", error.value());
      target_ = next.is_absolute() ? next : folder() / next;
    }
  }

  [[gnu::cold]] void open_temporary() {
    static std::atomic<unsigned> counter{0};
    // Shortened, because the name with its additions must stay below the system's 255 bytes.
    const std::string stem = message('.', target_.filename().string().substr(0, 200), '.', ::getpid(), '-');
    constexpr int kAttempts = 1000;  // names may be taken by a dead process or another host's
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      temporary_ = folder() / message(stem, counter.fetch_add(1), ".tmp");
      descriptor_ =
          detail::retry([&] { return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
      if (descriptor_ >= 0) return;
      if (errno != EEXIST) break;
    }
    temporary_.clear();
    fail("a folder in which a file can be made", errno);
  }

  [[gnu::cold]] void sync_folder() const {
    const int handle = detail::retry([&] { return ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (handle < 0) {
      if (errno == EACCES) return;  // a folder may be writable and not readable; the rename itself has happened
      fail("to open the folder", errno);
    }
    const int result = detail::retry([&] { return ::fsync(handle); });
    const int error = errno;
    ::close(handle);
    if (result != 0 && !cannot_sync(error)) fail("to bring the folder to the disk", error);
  }

  [[gnu::cold]] void discard() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
  }

  std::filesystem::path target_;
  std::string name_;
  std::filesystem::path temporary_;  // empty when there is nothing to remove
  std::int64_t offset_ = 0;
  int descriptor_ = -1;
  bool direct_ = false;
};

}  // namespace bvae
