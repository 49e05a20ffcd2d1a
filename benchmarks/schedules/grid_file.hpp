#pragma once

#include <filesystem>
#include <vector>

#include "grid.hpp"

/// Reads the products of a grid from a JSON file: an object from flags (without dashes) to a value or an array of
/// values, or an array of such objects. Values are numbers and strings; a string may be a range, "0..4".
///
/// The file is not trusted: it may have 1 MB at most, no deeper nesting than that, and no key twice in one object.
/// \throws GridError that names the file, and for what is no JSON line and column
std::vector<Product> read_grid_file(const std::filesystem::path& path);
