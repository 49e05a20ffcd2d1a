#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bvae/core/random.hpp"

namespace bvae {

/// What becomes of grey values x in [0, 1] before the model sees them (Burda, Grosse, Salakhutdinov 2016, section 5,
/// discuss why results with different choices cannot be compared).
enum class Binarization : std::uint8_t {
  kNone,             ///< grey values as they are
  kStaticThreshold,  ///< 1 where x > 1/2
  kStaticSampled,    ///< 1 with probability x, drawn once for each sample and feature from the seed
  kDynamic,          ///< 1 with probability x, drawn anew at every presentation (in evaluation: as kStaticSampled)
};

/// "none", "static-threshold", "static-sampled", "dynamic".
constexpr std::string_view name(Binarization binarization) {
  switch (binarization) {
    case Binarization::kStaticThreshold:
      return "static-threshold";
    case Binarization::kStaticSampled:
      return "static-sampled";
    case Binarization::kDynamic:
      return "dynamic";
    default:
      return "none";
  }
}

/// Binarises one sample in place. Bits depend on (seed, presentation, sample, feature) only.
///
/// \param presentation counts epochs from 1 in training; 0 in evaluation. Ignored unless dynamic.
/// \param sample       index in the data set
template <class Scalar>
void binarize(Binarization binarization, Seed seed, std::uint64_t presentation, std::uint32_t sample,
              std::span<Scalar> values) {
  if (binarization == Binarization::kNone) return;
  if (binarization == Binarization::kStaticThreshold) {
    for (Scalar& v : values) v = v > Scalar(0.5) ? Scalar(1) : Scalar(0);
    return;
  }
  const RandomStream random(seed, Stream::kBinarization, binarization == Binarization::kDynamic ? presentation : 0);
  random.bernoulli(sample, values);
}

}  // namespace bvae
