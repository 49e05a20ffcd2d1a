#include "checked_json.hpp"

#include <bvae/core/errors.hpp>
#include <bvae/core/message.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace report {

namespace {

std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

std::string shown(const nlohmann::ordered_json& value) {
  if (value.is_structured()) return std::string(value.is_array() ? "an array" : "an object");
  return shortened(value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

std::string read_whole(const std::filesystem::path& file) {
  constexpr auto kNoOffset = bvae::FileError::kNoOffset;
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) throw bvae::FileError(file.string(), kNoOffset, "a file", "none");
  if (!std::filesystem::is_regular_file(status))
    throw bvae::FileError(file.string(), kNoOffset, "a regular file", "something else");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad())
    throw bvae::FileError(file.string(), kNoOffset, "a file that can be read", std::strerror(errno));
  return text;
}

CheckedObject::CheckedObject(const std::filesystem::path& file, const std::string& text, std::int64_t offset)
    : file_(file.string()), offset_(offset) {
  try {
    object_ = nlohmann::ordered_json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    // It counts from 1, and one behind the end stands for the end.
    const std::int64_t at = error.byte > 0 ? static_cast<std::int64_t>(error.byte) - 1 : 0;
    const bool ended = at >= static_cast<std::int64_t>(text.size());
    throw bvae::FileError(file_, (offset > 0 ? offset : 0) + at, "JSON",
                          ended ? "the end: the file is cut" : "something else");
  } catch (const nlohmann::json::exception& error) {  // a number that no double holds
    throw bvae::FileError(file_, offset_, "JSON", error.what());
  }
  if (!object_.is_object()) fail("a JSON object", shown(object_));
}

void CheckedObject::fail(const std::string& expected, const std::string& found) const {
  throw bvae::FileError(file_, offset_, expected, found);
}

void CheckedObject::fail_type(const char* key, const char* type) const {
  fail(bvae::message(type, " as \"", key, "\""), shown(at(key)));
}

const nlohmann::ordered_json& CheckedObject::at(const char* key) const {
  const auto value = object_.find(key);
  if (value == object_.end()) fail(bvae::message("the key \"", key, "\""), "an object without it");
  return *value;
}

double CheckedObject::number(const char* key) const {
  if (!at(key).is_number()) fail_type(key, "a number");
  return at(key).get<double>();
}

std::optional<double> CheckedObject::number_or_null(const char* key) const {
  if (at(key).is_null()) return std::nullopt;
  if (!at(key).is_number()) fail_type(key, "a number or null");
  return at(key).get<double>();
}

std::uint64_t CheckedObject::whole_number(const char* key) const {
  if (!at(key).is_number_unsigned()) fail_type(key, "a whole number, 0 or more,");
  return at(key).get<std::uint64_t>();
}

std::string CheckedObject::text(const char* key) const {
  if (!at(key).is_string()) fail_type(key, "a text");
  return at(key).get<std::string>();
}

std::optional<std::string> CheckedObject::text_or_null(const char* key) const {
  if (at(key).is_null()) return std::nullopt;
  if (!at(key).is_string()) fail_type(key, "a text or null");
  return at(key).get<std::string>();
}

std::vector<double> CheckedObject::numbers(const char* key) const {
  const auto& value = at(key);
  if (!value.is_array()) fail_type(key, "an array of numbers");
  for (const auto& element : value)
    if (!element.is_number()) fail(bvae::message("numbers in \"", key, "\""), shown(element));
  return value.get<std::vector<double>>();
}

void CheckedObject::require_flat() const {
  for (const auto& [key, value] : object_.items())
    if (value.is_structured())
      fail(bvae::message("a number, a text, true, false or null as \"", key, "\""), shown(value));
}

}  // namespace report
