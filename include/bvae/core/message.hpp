/// Texts for errors and for people.
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace bvae {
namespace detail {

/// A piece of a message: text, or a number as text.
class Word {
 public:
  Word(std::string_view text) : text_(text) {}
  Word(const char* text) : text_(text) {}
  Word(const std::string& text) : text_(text) {}
  Word(std::string&&) = delete;  // it would be gone before it is read
  Word(char letter) : text_(digits_, 1) { digits_[0] = letter; }
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Word(Number number) {
    if constexpr (std::is_floating_point_v<Number>) {
      set(number);
    } else if constexpr (std::is_signed_v<Number>) {
      set(static_cast<long long>(number));
    } else {
      set(static_cast<unsigned long long>(number));
    }
  }
  Word(const Word&) = delete;
  Word& operator=(const Word&) = delete;

  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  template <class Number>
  [[gnu::cold, gnu::noinline]] void set(Number number) {
    text_ = {digits_, static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_)};
  }

  char digits_[32];
  std::string_view text_;
};

/// A call, where `+=` would be the string's code once more.
[[gnu::cold, gnu::noinline]] inline void append(std::string& text, std::string_view more) { text.append(more); }

[[gnu::cold, gnu::noinline]] inline std::string joined(const Word* words, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) append(text, words[i].text());
  return text;
}

}  // namespace detail

/// All parts behind each other; numbers in the fewest digits that tell them from all others.
///
///     throw std::invalid_argument(message("Dataset: ", labels, " labels for ", samples, " samples"));
///
/// Compiles to far less code than a sum of strings.
template <class... Parts>
[[gnu::cold]] std::string message(const Parts&... parts) {
  const detail::Word words[] = {detail::Word(parts)...};
  return detail::joined(words, sizeof...(parts));
}

}  // namespace bvae
