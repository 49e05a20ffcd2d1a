#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace report {

/// All bytes of a file.
/// \throws bvae::FileError
std::string read_whole(const std::filesystem::path& file);

/// A JSON object and the file that it is from, so that whatever is wrong with it can be said.
/// Each function throws bvae::FileError if the key is missing or has another type.
class CheckedObject {
 public:
  /// \param offset of `text` in the file, for a file of many objects
  CheckedObject(const std::filesystem::path& file, const std::string& text, std::int64_t offset);

  [[nodiscard]] double number(const char* key) const;
  [[nodiscard]] std::optional<double> number_or_null(const char* key) const;
  [[nodiscard]] std::uint64_t whole_number(const char* key) const;
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::optional<std::string> text_or_null(const char* key) const;
  [[nodiscard]] std::vector<double> numbers(const char* key) const;
  [[nodiscard]] const nlohmann::ordered_json& at(const char* key) const;
  [[nodiscard]] const nlohmann::ordered_json& object() const { return object_; }

  /// Numbers, texts, true, false and null alone.
  void require_flat() const;

  [[noreturn]] void fail(const std::string& expected, const std::string& found) const;

 private:
  [[noreturn]] void fail_type(const char* key, const char* type) const;

  std::string file_;
  std::int64_t offset_;
  nlohmann::ordered_json object_;
};

}  // namespace report
