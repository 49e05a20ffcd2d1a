#include "bvae/core/shape.hpp"

#include "support/catch.hpp"

namespace {

struct Tokens {  // a user's own shape
  static constexpr bvae::Index kSize = 6;
};
struct Empty {
  static constexpr bvae::Index kSize = 0;
};
struct NoSize {};

using Rgb = bvae::Image<3, 4, 5>;

static_assert(bvae::Shape<Rgb> && bvae::Shape<bvae::Features<7>> && bvae::Shape<Tokens>);
static_assert(!bvae::Shape<Empty> && !bvae::Shape<NoSize> && !bvae::Shape<int>);
static_assert(bvae::kIsImage<Rgb> && !bvae::kIsImage<bvae::Features<7>> && !bvae::kIsImage<Tokens>);

}  // namespace

TEST_CASE("Image: its size is the product of its extents", "[core]") {
  CHECK(Rgb::kSize == 60);
  CHECK(Rgb::kChannels == 3);
  CHECK(Rgb::kHeight == 4);
  CHECK(Rgb::kWidth == 5);
  CHECK(bvae::Features<7>::kSize == 7);
}

TEST_CASE("kAxisOrder: known for images and for features that are an image's pixels, unknown otherwise", "[core]") {
  constexpr bvae::AxisOrder image = bvae::kAxisOrder<Rgb>;
  CHECK(image.is_image());
  CHECK(image.channels == 3);
  CHECK(image.height == 4);
  CHECK(image.width == 5);
  constexpr bvae::AxisOrder pixels = bvae::kAxisOrder<bvae::Features<60, Rgb>>;
  CHECK(pixels.is_image());
  CHECK(pixels.channels == 3);
  CHECK(pixels.height == 4);
  CHECK(pixels.width == 5);
  CHECK_FALSE(bvae::kAxisOrder<bvae::Features<60>>.is_image());
  CHECK_FALSE(bvae::kAxisOrder<Tokens>.is_image());
}
