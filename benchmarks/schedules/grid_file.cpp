#include "grid_file.hpp"

#include <bvae/core/errors.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLargestFile = std::size_t{1} << 20;
constexpr int kDeepest = 3;  // array, object, array of values

std::string read(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored))
    throw GridError(path.string() + ": this file cannot be read");
  std::string text(kLargestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestFile) throw GridError(path.string() + ": expected at most 1 MB, found more");
  return text;
}

/// "line 3, column 7"
std::string place(const std::string& text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  const auto line = std::count(text.begin(), end, '\n') + 1;
  const auto start = std::find(std::make_reverse_iterator(end), text.rend(), '\n').base();
  return "line " + std::to_string(line) + ", column " + std::to_string(std::max<std::ptrdiff_t>(end - start, 1));
}

Json parse(const std::filesystem::path& path) {
  const std::string text = read(path);
  std::set<std::string> keys;
  // Objects lie in no object here, so that one set of keys is enough.
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start) keys.clear();
    if ((event == Event::object_start || event == Event::array_start) && depth >= kDeepest)
      throw GridError(path.string() + ": nested too deeply for a grid");
    if (event == Event::key && !keys.insert(parsed.get<std::string>()).second)
      throw GridError(path.string() + ": the key '" + parsed.get<std::string>() + "' is there twice in one object");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::parse_error& error) {
    throw GridError(path.string() + ", " + place(text, error.byte) + ": this is no JSON (" + error.what() + ')');
  }
}

std::string value_of(const std::string& key, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw GridError(key + ": expected a number, a string or a list of them, found " + value.type_name());
}

Axis axis_of(const std::string& key, const Json& value) {
  const Json list = value.is_array() ? value : Json::array({value});
  if (list.empty()) throw GridError(key + ": the list of its values is empty");
  Axis axis{key, {}};
  for (const Json& item : list) {
    // Of the command line's syntax only ranges: what is a list in JSON needs no commas.
    const std::string text = value_of(key, item);
    const Axis read = text.find(',') == std::string::npos ? read_axis(key, {text}) : Axis{key, {text}};
    axis.values.insert(axis.values.end(), read.values.begin(), read.values.end());
  }
  return axis;
}

Product product_of(const Json& object) {
  if (!object.is_object())
    throw GridError(std::string("expected an object from flags to values, or an array of such objects, found ") +
                    object.type_name());
  if (object.empty()) throw GridError("an object without flags: the grid is empty");
  Product product;
  for (const auto& [key, value] : object.items()) product.push_back(axis_of(key, value));
  return product;
}

}  // namespace

std::vector<Product> read_grid_file(const std::filesystem::path& path) {
  const Json json = parse(path);
  try {
    std::vector<Product> products;
    if (json.is_array()) {
      if (json.empty()) throw GridError("the grid is empty");
      for (const Json& object : json) products.push_back(product_of(object));
    } else {
      products.push_back(product_of(json));
    }
    return products;
  } catch (const GridError& error) {
    throw GridError(path.string() + ": " + error.what());
  }
}
