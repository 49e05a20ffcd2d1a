#include "bvae/data/binarization.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "support/catch.hpp"

using bvae::Binarization;
using bvae::Seed;

namespace {

template <class Scalar = float>
std::vector<Scalar> binarized(Binarization how, std::vector<Scalar> values, std::uint64_t seed = 1,
                              std::uint64_t presentation = 1, std::uint32_t sample = 0) {
  bvae::binarize(how, Seed{seed}, presentation, sample, std::span<Scalar>(values));
  return values;
}

std::vector<float> grey(std::size_t size) { return std::vector<float>(size, 0.5f); }

}  // namespace

TEST_CASE("Binarization: its names say what was done", "[data]") {
  CHECK(name(Binarization::kNone) == "none");
  CHECK(name(Binarization::kStaticThreshold) == "static-threshold");
  CHECK(name(Binarization::kStaticSampled) == "static-sampled");
  CHECK(name(Binarization::kDynamic) == "dynamic");
}

TEST_CASE("binarize: none changes nothing", "[data]") {
  const std::vector<float> values{0.0f, 0.3f, 0.5f, 0.7f, 1.0f};
  CHECK(binarized(Binarization::kNone, values) == values);
}

TEST_CASE("binarize: the threshold gives 1 above one half only", "[data]") {
  const std::vector<float> values{0.0f, 0.49f, 0.5f, std::nextafter(0.5f, 1.0f), 127.0f / 255, 128.0f / 255, 1.0f};
  const std::vector<float> expected{0, 0, 0, 1, 0, 1, 1};
  CHECK(binarized(Binarization::kStaticThreshold, values) == expected);
  CHECK(binarized(Binarization::kStaticThreshold, values, 2, 3, 4) == expected);  // no randomness in it
}

TEMPLATE_TEST_CASE("binarize: black stays black and white stays white in every draw", "[data]", float, double) {
  for (const Binarization how : {Binarization::kStaticSampled, Binarization::kDynamic})
    for (std::uint32_t sample = 0; sample < 50; ++sample) {
      CHECK(binarized(how, std::vector<TestType>(784, TestType(0)), 1, 1, sample) ==
            std::vector<TestType>(784, TestType(0)));
      CHECK(binarized(how, std::vector<TestType>(784, TestType(1)), 1, 1, sample) ==
            std::vector<TestType>(784, TestType(1)));
    }
}

TEST_CASE("binarize: black stays black where the random number is exactly 0", "[data]") {
  float uniform[4];
  bvae::RandomStream(Seed{1}, bvae::Stream::kBinarization).uniform(13440, std::span<float>(uniform), 3496);
  REQUIRE(uniform[2] == 0.0f);  // one of 2^24; sample and element were searched for
  std::vector<float> black(3500, 0.0f);
  CHECK(binarized(Binarization::kStaticSampled, black, 1, 0, 13440) == black);
}

TEST_CASE("binarize: a pixel is 1 as often as it is bright", "[data]") {
  constexpr std::size_t kDraws = 200000;
  for (const Binarization how : {Binarization::kStaticSampled, Binarization::kDynamic})
    for (const int byte : {1, 25, 127, 128, 200, 254}) {
      const double p = byte / 255.0;
      const auto bits = binarized(how, std::vector<float>(kDraws, static_cast<float>(p)), 3);
      double ones = 0;
      for (const float b : bits) {
        REQUIRE((b == 0.0f || b == 1.0f));
        ones += static_cast<double>(b);
      }
      INFO("grey value " << byte);
      CHECK(std::abs(ones / kDraws - p) < 5 * std::sqrt(p * (1 - p) / kDraws));
    }
}

TEST_CASE("binarize: static draws stay the same in every presentation, dynamic ones change", "[data]") {
  const auto bits = [](Binarization how, std::uint64_t presentation) {
    return binarized(how, grey(784), 9, presentation, 17);
  };
  CHECK(bits(Binarization::kStaticSampled, 1) == bits(Binarization::kStaticSampled, 2));
  CHECK(bits(Binarization::kStaticSampled, 0) == bits(Binarization::kStaticSampled, 1000));
  CHECK(bits(Binarization::kDynamic, 1) != bits(Binarization::kDynamic, 2));
  CHECK(bits(Binarization::kDynamic, 2) == bits(Binarization::kDynamic, 2));
  CHECK(bits(Binarization::kDynamic, 0) == bits(Binarization::kStaticSampled, 5));  // evaluation: one fixed draw
}

TEST_CASE("binarize: two presentations agree in half of the grey pixels, as do two samples and two seeds", "[data]") {
  constexpr std::size_t kSize = 20000;
  const auto one = binarized(Binarization::kDynamic, grey(kSize), 9, 1, 17);
  for (const auto& other : {binarized(Binarization::kDynamic, grey(kSize), 9, 2, 17),
                            binarized(Binarization::kDynamic, grey(kSize), 9, 1, 18),
                            binarized(Binarization::kDynamic, grey(kSize), 10, 1, 17)}) {
    double same = 0;
    for (std::size_t i = 0; i < kSize; ++i) same += one[i] == other[i] ? 1 : 0;
    CHECK(std::abs(same / kSize - 0.5) < 5 * 0.5 / std::sqrt(static_cast<double>(kSize)));
  }
}

TEST_CASE("binarize: chunks inside repeat nothing, and a sample's bits do not depend on its length", "[data]") {
  const auto whole = binarized(Binarization::kStaticSampled, grey(1000), 4, 0, 3);
  for (const std::size_t size : {1u, 255u, 256u, 257u, 512u, 999u}) {
    const auto part = binarized(Binarization::kStaticSampled, grey(size), 4, 0, 3);
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
  }
  CHECK_FALSE(std::equal(whole.begin(), whole.begin() + 256, whole.begin() + 256));
}

TEST_CASE("binarize: float and double draw the same bits", "[data]") {
  const auto f = binarized<float>(Binarization::kDynamic, std::vector<float>(784, 0.25f), 4, 2, 3);
  const auto d = binarized<double>(Binarization::kDynamic, std::vector<double>(784, 0.25), 4, 2, 3);
  CHECK(std::equal(f.begin(), f.end(), d.begin(), [](float a, double b) { return static_cast<double>(a) == b; }));
}
