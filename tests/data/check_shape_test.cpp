#include "bvae/data/check_shape.hpp"

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"

using namespace bvae;

namespace {

Dataset samples_of(ImageExtents extents) {
  return Dataset::from_bytes(std::vector<std::uint8_t>(static_cast<std::size_t>(2 * extents.size())), extents);
}

}  // namespace

TEST_CASE("check_shape: images must have the shape's extents, plain samples its size", "[data]") {
  using Picture = Image<2, 3, 4>;
  CHECK_NOTHROW(check_shape<Picture>("it", samples_of({2, 3, 4})));
  CHECK_NOTHROW(check_shape<Picture>("it", samples_of({1, 1, 24})));
  CHECK_NOTHROW(check_shape<Picture>("it", samples_of({24, 1, 1})));
  CHECK_NOTHROW(check_shape<Features<24>>("it", samples_of({2, 4, 3})));
  for (const ImageExtents extents : {ImageExtents{3, 2, 4}, {2, 4, 3}, {1, 6, 4}, {1, 24, 1}, {2, 1, 12}})
    CHECK_THROWS_AS(check_shape<Picture>("it", samples_of(extents)), std::invalid_argument);
  CHECK_THROWS_WITH(check_shape<Picture>("it", samples_of({4, 3, 2}), "who"),
                    "it has images of 4 x 3 x 2, who takes 2 x 3 x 4");
  CHECK_THROWS_WITH(check_shape<Features<24>>("it", samples_of({1, 5, 5})),
                    "it has 25 features a sample, the model takes 24");
}
