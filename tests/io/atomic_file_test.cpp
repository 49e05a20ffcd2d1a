#include "bvae/io/atomic_file.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstring>
#include <string>
#include <vector>

#include "bvae/core/file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

std::string content(const std::filesystem::path& path) {
  const auto bytes = bvae::read_file(path);
  return {bytes.begin(), bytes.end()};
}

::mode_t mode(const std::filesystem::path& path) {
  struct ::stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

void write_whole(const std::filesystem::path& path, const std::string& text) {
  bvae::AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace

TEST_CASE("AtomicFile: the file appears with commit and not before", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto path = folder / "file";
  {
    bvae::AtomicFile file(path);
    file.write("one, ");
    file.write(std::as_bytes(std::span("two", 3)));
    CHECK(!std::filesystem::exists(path));
    file.commit();
    CHECK(content(path) == "one, two");
    CHECK_THROWS_AS(file.write("more"), std::logic_error);
    CHECK_THROWS_AS(file.commit(), std::logic_error);
  }
  CHECK(folder.count() == 1);
  write_whole(path, "");
  CHECK(content(path).empty());
}

TEST_CASE("AtomicFile: without commit nothing changes", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto path = folder.write("file", std::string("old"));
  {
    bvae::AtomicFile file(path);
    file.write("new");
    CHECK(folder.count() == 2);
  }
  CHECK(folder.count() == 1);
  CHECK(content(path) == "old");
}

TEST_CASE("AtomicFile: two writers of one name do not meet", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto path = folder / "file";
  bvae::AtomicFile first(path);
  bvae::AtomicFile second(path);
  first.write("first");
  second.write("second");
  second.commit();
  CHECK(content(path) == "second");
  first.commit();
  CHECK(content(path) == "first");
  CHECK(folder.count() == 1);
}

TEST_CASE("AtomicFile: permissions follow the umask, or the file that was there", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const ::mode_t before = ::umask(027);
  write_whole(folder / "new", "x");
  ::umask(before);
  CHECK(mode(folder / "new") == 0640);

  const auto old = folder.write("old", std::string("old"));
  REQUIRE(::chmod(old.c_str(), 0606) == 0);
  write_whole(old, "new");
  CHECK(mode(old) == 0606);
  CHECK(content(old) == "new");
}

TEST_CASE("AtomicFile: a symbolic link stays and its target is replaced", "[io][atomic_file]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "below");
  folder.write("below/file", std::string("old"));
  std::filesystem::create_symlink("below/second", folder / "first");
  std::filesystem::create_symlink("file", folder / "below/second");
  write_whole(folder / "first", "new");
  CHECK(std::filesystem::is_symlink(folder / "first"));
  CHECK(std::filesystem::is_symlink(folder / "below/second"));
  CHECK(content(folder / "below/file") == "new");

  std::filesystem::create_symlink("below/not yet", folder / "dangling");
  write_whole(folder / "dangling", "new");
  CHECK(std::filesystem::is_symlink(folder / "dangling"));
  CHECK(content(folder / "below/not yet") == "new");

  std::filesystem::create_symlink("round", folder / "round");
  CHECK_THROWS_WITH(bvae::AtomicFile(folder / "round"), ContainsSubstring("Too many levels of symbolic links"));
}

TEST_CASE("AtomicFile: long names and names without a folder work", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto path = folder / std::string(255, 'x');
  write_whole(path, "long");
  CHECK(content(path) == "long");

  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_whole("plain", "plain");
  std::filesystem::current_path(here);
  CHECK(content(folder / "plain") == "plain");
}

TEST_CASE("AtomicFile: names the target where no file can be made", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto missing = folder / "missing" / "file";
  CHECK_THROWS_WITH(bvae::AtomicFile(missing), ContainsSubstring(missing.string() + ": expected a folder") &&
                                                   ContainsSubstring("No such file or directory"));
  const auto below = folder.write("file", std::string("x")) / "below";
  CHECK_THROWS_WITH(bvae::AtomicFile(below), ContainsSubstring(below.string()) && ContainsSubstring("Not a directory"));
  CHECK_THROWS_WITH(bvae::AtomicFile(folder.path()), ContainsSubstring("Is a directory"));
  CHECK_THROWS_AS(bvae::AtomicFile(""), bvae::FileError);
  CHECK_THROWS_AS(bvae::AtomicFile(folder / "missing/"), bvae::FileError);
  CHECK(folder.count() == 1);
}

TEST_CASE("AtomicFile: something that is not a regular file is written directly", "[io][atomic_file]") {
  struct ::stat before {};
  if (::stat("/dev/full", &before) != 0) return;
  {
    bvae::AtomicFile file("/dev/full");
    CHECK_THROWS_WITH(file.write("x"), ContainsSubstring("/dev/full") && ContainsSubstring("No space left on device"));
  }
  struct ::stat after {};
  REQUIRE(::stat("/dev/full", &after) == 0);
  CHECK(S_ISCHR(after.st_mode));
  CHECK(after.st_ino == before.st_ino);
  CHECK_NOTHROW(write_whole("/dev/null", "gone"));
}

TEST_CASE("AtomicFile: a disk that fills up leaves the old file and nothing else", "[io][atomic_file]") {
  const TemporaryFolder folder;
  const auto path = folder.write("file", std::string("old"));
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // No Catch2 in here: the child only reports through its exit code.
    ::signal(SIGXFSZ, SIG_IGN);
    const ::rlimit limit{10000, 10000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      bvae::AtomicFile file(path);
      const std::vector<std::byte> bytes(6000);
      file.write(bytes);
      file.write(bytes);  // 4000 of these fit: a short write, then the error
      file.commit();
    } catch (const bvae::FileError& error) {
      const bool good = error.offset() == 10000 && std::strstr(error.what(), "File too large") != nullptr;
      code = good ? 0 : 2;
    } catch (...) {
      code = 3;
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(content(path) == "old");
  CHECK(folder.count() == 1);
}
