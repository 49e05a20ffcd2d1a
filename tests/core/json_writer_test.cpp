#include "bvae/core/json_writer.hpp"

#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "support/catch.hpp"

using bvae::JsonObject;

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  bvae::append_json_string(out, text);
  return out;
}

template <class Number>
std::string number(Number value) {
  std::string out;
  bvae::append_json_number(out, value);
  return out;
}

}  // namespace

TEST_CASE("JsonObject: members keep their order and every kind of value", "[core][json]") {
  CHECK(JsonObject{}.text() == "{}");
  const std::vector<double> list{1.0, 0.5};
  CHECK(
      JsonObject{}.add("epoch", 3).add("kl", 25.1).add("name", "x").add("list", std::span<const double>(list)).text() ==
      R"({"epoch":3,"kl":25.1,"name":"x","list":[1,0.5]})");
  CHECK(JsonObject{}.add("yes", true).add("no", false).add("none", nullptr).text() ==
        R"({"yes":true,"no":false,"none":null})");
  CHECK(JsonObject{}.add("inner", JsonObject{}.add("a", 1)).add("empty", JsonObject{}).text() ==
        R"({"inner":{"a":1},"empty":{}})");
  CHECK(JsonObject{}.add("texts", std::vector<std::string>{"a", "b"}).add("none", std::vector<int>{}).text() ==
        R"({"texts":["a","b"],"none":[]})");
  CHECK(JsonObject{}.add("rows", std::vector<std::vector<int>>{{1}, {2, 3}}).text() == R"({"rows":[[1],[2,3]]})");
  CHECK(JsonObject{}.add("bits", std::vector<bool>{true, false}).text() == R"({"bits":[true,false]})");
  CHECK(JsonObject{}.add("byte", std::uint8_t{200}).add("text", std::string("s")).text() ==
        R"({"byte":200,"text":"s"})");
}

TEST_CASE("JsonObject: numbers are the shortest that read back as the same value", "[core][json]") {
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.1f) == "0.1");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(-0.0) == "-0");
  CHECK(number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  double value = 1.0 / 3;
  for (int i = 0; i < 190; ++i, value *= -37.7) CHECK(std::strtod(number(value).c_str(), nullptr) == value);
  const double smallest = std::numeric_limits<double>::denorm_min();
  CHECK(std::strtod(number(smallest).c_str(), nullptr) == smallest);
}

TEST_CASE("JsonObject: NaN and infinities become null", "[core][json]") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(JsonObject{}.add("list", std::vector<double>{std::nan(""), infinity, -infinity, 1}).text() ==
        R"({"list":[null,null,null,1]})");
  CHECK(number(std::numeric_limits<float>::quiet_NaN()) == "null");
}

TEST_CASE("JsonObject: the locale's comma does not get in", "[core][json]") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::setlocale(LC_ALL, "");
  CHECK(number(1.5) == "1.5");
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("append_json_string: escapes what JSON asks for and nothing else", "[core][json]") {
  CHECK(quoted("plain /text") == R"("plain /text")");
  CHECK(quoted("\"\\") == R"("\"\\")");
  CHECK(quoted("a\nb\tc\rd") == R"("a\nb\tc\rd")");
  CHECK(quoted(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
  CHECK(quoted("\xce\xb2-VAE \xe2\x82\xac \xf0\x9f\x98\x80") == "\"\xce\xb2-VAE \xe2\x82\xac \xf0\x9f\x98\x80\"");
  CHECK(JsonObject{}.add("a\"b", 1).text() == R"({"a\"b":1})");
}

TEST_CASE("append_json_string: bytes that are not UTF-8 are replaced", "[core][json]") {
  const std::string r = "\xef\xbf\xbd";
  CHECK(quoted("\xff") == '"' + r + '"');
  CHECK(quoted("a\x80z") == "\"a" + r + "z\"");
  CHECK(quoted("\xc0\x80") == '"' + r + r + '"');                  // overlong
  CHECK(quoted("\xed\xa0\x80") == '"' + r + r + r + '"');          // a surrogate
  CHECK(quoted("\xf4\x90\x80\x80") == '"' + r + r + r + r + '"');  // above U+10FFFF
  CHECK(quoted("\xe2\x82") == '"' + r + r + '"');                  // cut
  CHECK(bvae::detail::is_utf8("\xf4\x8f\xbf\xbf \xee\x80\x80 \xed\x9f\xbf"));
  CHECK(!bvae::detail::is_utf8("ok \xf8"));
  CHECK(!bvae::detail::is_utf8("\xe0\x9f\xbf"));      // overlong
  CHECK(!bvae::detail::is_utf8("\xf0\x8f\xbf\xbf"));  // overlong
  CHECK(bvae::detail::is_utf8(""));
}
