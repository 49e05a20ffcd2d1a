/// Writing JSON without a JSON library. Reading it is left to one.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace bvae {
namespace detail {

/// Length of the UTF-8 character at the front of `text`; 0 if there is none (stray, cut or overlong bytes, surrogates,
/// above U+10FFFF, or an empty text). Unicode 15, table 3-7.
constexpr std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned lead = byte(0);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return within(1, low, high) && within(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return within(1, low, high) && within(2, 0x80, 0xbf) && within(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace detail

/// Appends `text` as a JSON string, in quotes. Bytes that are not UTF-8 become U+FFFD each, so the result is always
/// valid.
inline void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (length == 1 && (c < ' ')) {
      const auto code = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[code >> 4];
      out += kHex[code & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

/// Appends a number in the fewest digits that read back as the same value of its type, whatever the locale. JSON has no
/// NaN and no infinity: they become null.
template <class Number>
  requires std::is_arithmetic_v<Number>
void append_json_number(std::string& out, Number value) {
  if constexpr (std::floating_point<Number>) {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
  }
  std::array<char, 64> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

/// One JSON object on one line, its members in the order in which they were added.
///
/// \code
///   log << JsonObject{}.add("epoch", 3).add("kl", 25.1).add("name", "x").add("list", std::vector{1.0, 2.0}).text() <<
///   '\n';
/// \endcode
/// Values: bool, numbers (NaN and infinities become null), text (UTF-8), nullptr, other objects, and ranges of all
/// these. Names are not checked for being given twice. The class grows one string and holds nothing else.
class JsonObject {
 public:
  template <class Value>
  JsonObject& add(std::string_view name, const Value& value) {
    if (members_.size() > 0) members_ += ',';
    append_json_string(members_, name);
    members_ += ':';
    append(value);
    return *this;
  }

  /// The object as text, without a line break.
  [[nodiscard]] std::string text() const { return '{' + members_ + '}'; }

 private:
  template <class Value>
  void append(const Value& value) {
    if constexpr (std::same_as<Value, bool>) {
      members_ += value ? "true" : "false";
    } else if constexpr (std::same_as<Value, std::nullptr_t>) {
      members_ += "null";
    } else if constexpr (std::same_as<Value, JsonObject>) {
      members_ += '{';
      members_ += value.members_;
      members_ += '}';
    } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
      append_json_string(members_, value);
    } else if constexpr (std::is_arithmetic_v<Value>) {
      static_assert(!std::same_as<Value, char>, "JsonObject: a char may mean a letter or a number, say which");
      append_json_number(members_, value);
    } else {
      static_assert(
          requires { value.begin() != value.end(); },
          "JsonObject: values are bool, numbers, text, nullptr, JsonObject and ranges of these");
      members_ += '[';
      bool first = true;
      for (const auto& element : value) {
        if (!first) members_ += ',';
        first = false;
        append(static_cast<const typename Value::value_type&>(element));
      }
      members_ += ']';
    }
  }

  std::string members_;
};

}  // namespace bvae
