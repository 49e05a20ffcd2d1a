#pragma once

#include <bvae/data/dataset.hpp>

#include <string>

#include "options.hpp"

/// Training and test images, 28 x 28 and grey, with values from 0 to 1.
struct Digits {
  std::string name;   ///< of the data set that was found: mnist, fashion or bundled
  std::string place;  ///< where: the folder that the user gave, or "cache", "system", "repository"
  bvae::Dataset train;
  bvae::Dataset test;
};

/// Finds and reads the data that the options ask for. MNIST that is not in the cache folder is replaced by the digits
/// in the repository, with a warning on stderr that nobody overlooks.
/// \throws bvae::FileError if a file is missing, damaged or holds something else
Digits load_digits(const Options& options);
