#include "bvae/core/arena.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "support/catch.hpp"

using bvae::Index;
using bvae::TensorInfo;

TEMPLATE_TEST_CASE("Arena: starts at a cache line and at zero", "[core]", float, double) {
  for (const std::size_t size : {1u, 3u, 16u, 17u, 1000u}) {
    const bvae::Arena<TestType> arena(size);
    CHECK(reinterpret_cast<std::uintptr_t>(arena.data()) % bvae::kAlignment == 0);
    for (const TestType v : arena) REQUIRE(v == 0);
  }
}

TEST_CASE("Arena: a copy is its own memory with the same values", "[core]") {
  bvae::Arena<float> a{1, 2, 3};
  bvae::Arena<float> b = a;
  b[1] = 9;
  CHECK(a[1] == 2);
  CHECK(b[2] == 3);
  CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % bvae::kAlignment == 0);
  const float* const memory = a.data();
  const bvae::Arena<float> moved = std::move(a);
  CHECK(moved.data() == memory);
}

TEST_CASE("TensorInfo: its size is the product of the axes that count", "[core]") {
  CHECK(TensorInfo{"bias", 1, {7}}.size() == 7);
  CHECK(TensorInfo{"weight", 2, {7, 5}}.size() == 35);
  CHECK(TensorInfo{"weight", 4, {2, 3, 4, 5}}.size() == 120);
  CHECK(TensorInfo{"number", 0}.size() == 1);
  CHECK(TensorInfo{"bias", 1, {16}}.padded_size() == 16);
  CHECK(TensorInfo{"bias", 1, {17}}.padded_size() == 32);
  CHECK(TensorInfo{"bias", 1, {1}}.padded_size() == 16);
}

TEST_CASE("tensor_offsets: every tensor starts at a cache line, in order, and the last entry is the total", "[core]") {
  constexpr auto offsets = bvae::tensor_offsets(
      std::array{TensorInfo{"weight", 2, {7, 5}}, TensorInfo{"bias", 1, {7}}, TensorInfo{"scale", 1, {16}}});
  static_assert(offsets.size() == 4);
  CHECK(offsets == std::array<Index, 4>{0, 48, 64, 80});
  for (const Index offset : offsets) CHECK(offset * static_cast<Index>(sizeof(float)) % 64 == 0);
  CHECK(bvae::tensor_offsets(std::array<TensorInfo, 0>{}) == std::array<Index, 1>{0});
}

TEST_CASE("Tensors: give each tensor's first value", "[core]") {
  double values[40] = {};
  const std::array<Index, 3> offsets{0, 16, 32};
  const bvae::Tensors<double> tensors(values, offsets.data());
  CHECK(tensors[0] == values);
  CHECK(tensors[1] == values + 16);
  tensors[2][3] = 5;
  CHECK(values[35] == 5);
}
