/// Writing JSON without a JSON library. Reading it is left to one.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "bvae/core/message.hpp"

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
[[gnu::cold, gnu::noinline]] inline void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  detail::append(out, "\"");
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    const char c = text.front();
    const auto code = static_cast<unsigned char>(c);
    char escape[] = {'\\', c, '0', '0', kHex[code >> 4], kHex[code & 15]};
    std::string_view piece(escape, 2);
    if (length == 0) {
      piece = "\xef\xbf\xbd";
    } else if (c == '\n') {
      escape[1] = 'n';
    } else if (c == '\t') {
      escape[1] = 't';
    } else if (c == '\r') {
      escape[1] = 'r';
    } else if (code < ' ') {
      escape[1] = 'u';
      piece = {escape, 6};
    } else if (c != '"' && c != '\\') {
      piece = text.substr(0, length);
    }
    detail::append(out, piece);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  detail::append(out, "\"");
}

/// Appends a number in the fewest digits that read back as the same value of its type, whatever the locale. JSON has no
/// NaN and no infinity: they become null.
template <class Number>
  requires std::is_arithmetic_v<Number>
[[gnu::cold]] void append_json_number(std::string& out, Number value) {
  if constexpr (std::floating_point<Number>) {
    if (!std::isfinite(value)) {
      detail::append(out, "null");
      return;
    }
  }
  detail::append(out, detail::Word(value).text());
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
    begin_member(name);
    append(value);
    return *this;
  }

  /// The object as text, without a line break.
  [[nodiscard]] std::string text() const { return message('{', members_, '}'); }

 private:
  [[gnu::cold, gnu::noinline]] void begin_member(std::string_view name) {
    if (!members_.empty()) append_text(",");
    append_json_string(members_, name);
    append_text(":");
  }
  void append_text(std::string_view text) { detail::append(members_, text); }

  template <class Value>
  void append(const Value& value) {
    if constexpr (std::same_as<Value, bool>) {
      append_text(value ? "true" : "false");
    } else if constexpr (std::same_as<Value, std::nullptr_t>) {
      append_text("null");
    } else if constexpr (std::same_as<Value, JsonObject>) {
      append_text("{");
      append_text(value.members_);
      append_text("}");
    } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
      append_json_string(members_, value);
    } else if constexpr (std::is_arithmetic_v<Value>) {
      static_assert(!std::same_as<Value, char>, "JsonObject: a char may mean a letter or a number, say which");
      append_json_number(members_, value);
    } else {
      static_assert(
          requires { value.begin() != value.end(); },
          "JsonObject: values are bool, numbers, text, nullptr, JsonObject and ranges of these");
      append_text("[");
      bool first = true;
      for (const auto& element : value) {
        if (!first) append_text(",");
        first = false;
        append(static_cast<const typename Value::value_type&>(element));
      }
      append_text("]");
    }
  }

  std::string members_;
};

}  // namespace bvae
