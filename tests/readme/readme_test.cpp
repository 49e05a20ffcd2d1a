// The code in README and docs/ is cut from compiled examples: a block below `<!-- from FILE -->` is the whole file, one
// below
// `<!-- from FILE part -->` is what stands between `// begin part` and `// end part`.
#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(BVAE_SOURCE_DIR) + "/" + path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The text between two markers, without the indentation of its first line.
std::string part_of(const std::string& text, const std::string& part) {
  const std::string begin = "// begin " + part + "\n";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find("// end " + part + "\n");
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  std::istringstream lines(text.substr(from + begin.size(), to - from - begin.size()));
  std::string result;
  std::string indentation;
  for (std::string line; std::getline(lines, line);) {
    if (result.empty()) indentation = line.substr(0, line.find_first_not_of(' '));
    if (lines.eof()) break;  // the marker's own indentation
    if (line.starts_with(indentation)) line.erase(0, indentation.size());
    result += line + "\n";
  }
  return result;
}

/// Says how many blocks of C++ the page has.
int check_page(const std::string& page) {
  CAPTURE(page);
  const std::string text = read(page);
  constexpr std::string_view kMark = "<!-- from ";
  int blocks = 0;
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const std::size_t end = text.find(" -->", at);
    std::istringstream words(text.substr(at + kMark.size(), end - at - kMark.size()));
    std::string file;
    std::string part;
    words >> file >> part;
    CAPTURE(file, part);
    const std::string fence = " -->\n```cpp\n";
    REQUIRE(text.compare(end, fence.size(), fence) == 0);
    const std::size_t from = end + fence.size();
    const std::string shown = text.substr(from, text.find("```", from) - from);
    const std::string source = read(file);
    CHECK(shown == (part.empty() ? source : part_of(source, part)));
    ++blocks;
  }
  // No C++ in it that nobody compiles.
  int fences = 0;
  for (std::size_t at = text.find("```cpp"); at != std::string::npos; at = text.find("```cpp", at + 1)) ++fences;
  CHECK(fences == blocks);
  return blocks;
}

}  // namespace

TEST_CASE("The code in README and docs/ is that of the compiled examples", "[readme]") {
  CHECK(check_page("README.md") >= 8);
  CHECK(check_page("docs/schedules.md") >= 12);
}
