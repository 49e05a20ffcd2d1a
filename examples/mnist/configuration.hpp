#pragma once

#include <nlohmann/json.hpp>

#include "options.hpp"

/// All that decides what a run finds, as resolved: a setting that nobody reads is left out or has one value, and one
/// that was not given has the value that is used. So runs that do the same have the same configuration. What only says
/// where and how fast (--data, --out, --threads) is not in it.
nlohmann::ordered_json configuration(const Options& options);
