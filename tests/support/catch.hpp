// One place for the differences between Catch2 v2 (Debian 12) and v3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>  // exports Approx itself
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif
