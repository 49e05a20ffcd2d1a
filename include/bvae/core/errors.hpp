/// Errors that are not plain wrong arguments (those are std::invalid_argument).
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "bvae/core/message.hpp"

namespace bvae {

/// A file could not be read or written, or its content is not what its format promises. The message names the file, the
/// byte offset where reading stopped (if it had begun), what was expected and what was found.
class FileError : public std::runtime_error {
 public:
  /// Marks an error about the file as a whole (missing, not writable).
  static constexpr std::int64_t kNoOffset = -1;

  [[gnu::cold]] FileError(std::string file, std::int64_t offset, std::string expected, std::string found)
      : std::runtime_error(compose(file, offset, expected, found)),
        file_(std::move(file)),
        offset_(offset),
        expected_(std::move(expected)),
        found_(std::move(found)) {}

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
  [[nodiscard]] const std::string& found() const noexcept { return found_; }

 private:
  [[gnu::cold]] static std::string compose(const std::string& file, std::int64_t offset, const std::string& expected,
                                           const std::string& found) {
    const std::string where = offset == kNoOffset ? file : message(file, ", byte ", offset);
    return message(where, ": expected ", expected, ", found ", found);
  }

  std::string file_;
  std::int64_t offset_;
  std::string expected_;
  std::string found_;
};

/// A loss, activation or gradient became infinite or NaN in a training step. The model's parameters and state are those
/// from before the step.
class DivergedError : public std::runtime_error {
 public:
  /// \param tensor what is not finite, by its full name ("decoder.2.weight")
  /// \param what   its kind ("gradient", "output", "loss")
  [[gnu::cold]] DivergedError(std::int64_t step, std::string what, std::string tensor)
      : std::runtime_error(message("step ", step, ": the ", what, " of ", tensor,
                                   " is not finite; the parameters are those from before this step "
                                   "(try a smaller learning rate or ClipByGlobalNorm)")),
        step_(step),
        tensor_(std::move(tensor)) {}

  [[nodiscard]] std::int64_t step() const noexcept { return step_; }
  [[nodiscard]] const std::string& tensor() const noexcept { return tensor_; }

 private:
  std::int64_t step_;
  std::string tensor_;
};

}  // namespace bvae
