#include "bvae/core/message.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "support/catch.hpp"

using bvae::message;

TEST_CASE("message: texts of every kind", "[core]") {
  const char* pointer = "pointer";
  const std::string string = "string";
  const std::string_view view = std::string_view("a view, cut").substr(0, 6);
  char array[] = "array";
  CHECK(message("literal ", pointer, ' ', string, ' ', view, ' ', array) == "literal pointer string a view array");
  CHECK(message(std::string("temporary, ") + std::string(100, 'x'), '.') ==
        "temporary, " + std::string(100, 'x') + '.');
  const std::string with_nul("a\0b", 3);
  CHECK(message(with_nul, std::string_view("\0", 1)) == std::string("a\0b\0", 4));
}

TEST_CASE("message: one part, and parts without text", "[core]") {
  CHECK(message("alone") == "alone");
  CHECK(message('c') == "c");
  CHECK(message(7) == "7");
  CHECK(message("").empty());
  CHECK(message(std::string(), "", std::string_view()).empty());
  CHECK(message("", 1, "", 2, "") == "12");
}

TEST_CASE("message: a char is a letter, all other whole numbers are numbers", "[core]") {
  CHECK(message('7', 7, '-', -7) == "77--7");
  CHECK(message(std::uint8_t{65}, ' ', std::int8_t{-65}, ' ', std::uint8_t{255}, ' ', std::int8_t{-128}) ==
        "65 -65 255 -128");
  CHECK(message(short{-3}, ' ', 4U, ' ', -5L, ' ', 6UL, ' ', -7LL, ' ', 8ULL) == "-3 4 -5 6 -7 8");
  CHECK(message(0, true, false) == "010");
}

TEST_CASE("message: the extremes of whole numbers", "[core]") {
  CHECK(message(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(message(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(message(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(message(std::numeric_limits<std::int32_t>::min()) == "-2147483648");
  CHECK(message(std::numeric_limits<std::uint32_t>::max()) == "4294967295");
}

TEST_CASE("message: floating point in the fewest digits of its own type", "[core]") {
  CHECK(message(1.0, ' ', -1.0, ' ', 0.1, ' ', 1e300) == "1 -1 0.1 1e+300");
  CHECK(message(0.1f, ' ', static_cast<double>(0.1f)) == "0.1 0.10000000149011612");
  CHECK(message(1.0 / 3) == "0.3333333333333333");
  CHECK(message(0.0, ' ', -0.0, ' ', -0.0f) == "0 -0 -0");
  CHECK(message(std::numeric_limits<double>::lowest()) == "-1.7976931348623157e+308");
  CHECK(message(-std::numeric_limits<double>::denorm_min()) == "-5e-324");
  CHECK(message(-2.2250738585072014e-308) == "-2.2250738585072014e-308");
}

TEST_CASE("message: values that are not finite", "[core]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(message(infinity, ' ', -infinity, ' ', std::numeric_limits<float>::infinity()) == "inf -inf inf");
  CHECK(message(std::numeric_limits<double>::quiet_NaN(), ' ', std::numeric_limits<float>::quiet_NaN()) == "nan nan");
}

// A path becomes a string that is gone before it could be read.
static_assert(!std::is_constructible_v<bvae::detail::Word, const std::filesystem::path&>);
static_assert(!std::is_constructible_v<bvae::detail::Word, std::string&&>);
