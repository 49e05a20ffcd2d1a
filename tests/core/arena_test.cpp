#include "bvae/core/arena.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

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
  CHECK(TensorInfo{"bias", 1, {16}}.stored_size() == 16);
  CHECK(TensorInfo{"bias", 1, {17}}.stored_size() == 32);
  CHECK(TensorInfo{"bias", 1, {1}}.stored_size() == 16);
}

TEST_CASE("tensor_offsets: every tensor starts at a cache line, in order, and the last entry is the total", "[core]") {
  constexpr auto offsets = bvae::tensor_offsets(
      std::array{TensorInfo{"weight", 2, {7, 5}}, TensorInfo{"bias", 1, {7}}, TensorInfo{"scale", 1, {16}}});
  static_assert(offsets.size() == 4);
  CHECK(offsets == std::array<Index, 4>{0, 48, 64, 80});
  for (const Index offset : offsets) CHECK(offset * static_cast<Index>(sizeof(float)) % 64 == 0);
  CHECK(bvae::tensor_offsets(std::array<TensorInfo, 0>{}) == std::array<Index, 1>{0});
}

TEST_CASE("TensorInfo: without panels the values lie in C order", "[core]") {
  const TensorInfo kernel{"weight", 4, {2, 3, 4, 5}};
  CHECK(kernel.position(0) == 0);
  CHECK(kernel.position(0, 59) == 59);
  CHECK(kernel.position(1, 7) == 67);
  CHECK(TensorInfo{"bias", 1, {7}}.position(4) == 4);
  CHECK(TensorInfo{"number", 0}.position(0) == 0);
}

TEST_CASE("TensorInfo: in panels 16 outputs of one input lie side by side, the biases behind the last input",
          "[core]") {
  constexpr TensorInfo weight = TensorInfo::weight_in_panels("weight", 35, 4);
  constexpr TensorInfo bias = TensorInfo::bias_in_panels("bias", 35, 4);
  static_assert(weight.size() == 140 && weight.rank == 2 && weight.extents[0] == 35 && weight.extents[1] == 4);
  static_assert(bias.size() == 35 && bias.rank == 1 && bias.extents[0] == 35);
  static_assert(weight.panel == 16 * 5 && bias.panel == weight.panel && weight.begin == 0 && bias.begin == 16 * 4);
  CHECK(weight.stored_size() == 3 * 80);  // three panels for 35 outputs
  CHECK(bias.stored_size() == 0);         // in the panels of the weight
  CHECK(weight.position(0, 0) == 0);
  CHECK(weight.position(15, 0) == 15);
  CHECK(weight.position(0, 1) == 16);
  CHECK(weight.position(15, 3) == 63);
  CHECK(weight.position(16, 0) == 80);
  CHECK(weight.position(34, 2) == 2 * 80 + 2 * 16 + 2);
  CHECK(bias.position(0) == 0);
  CHECK(bias.position(15) == 15);
  CHECK(bias.position(17) == 81);
  CHECK(weight.position(20, 4) == bias.begin + bias.position(20));  // one more input
}

TEST_CASE("TensorInfo: a panel is an odd number of cache lines of floats, with room for the bias", "[core]") {
  for (const Index inputs : {1, 2, 3, 15, 16, 17, 20, 127, 128, 400, 783, 784}) {
    const Index lines = TensorInfo::panel_of(inputs) / 16;
    CHECK(TensorInfo::panel_of(inputs) == 16 * lines);
    CHECK(lines % 2 == 1);
    CHECK(lines >= inputs + 1);
    CHECK(lines <= inputs + 2);
  }
}

TEST_CASE("TensorInfo: no two values of weight and bias lie at one place, and none outside of the panels", "[core]") {
  for (const Index outputs : {1, 15, 16, 17, 48, 50})
    for (const Index inputs : {1, 2, 16, 33}) {
      const TensorInfo weight = TensorInfo::weight_in_panels("weight", outputs, inputs);
      const TensorInfo bias = TensorInfo::bias_in_panels("bias", outputs, inputs);
      CHECK(weight.stored_size() == (outputs + 15) / 16 * TensorInfo::panel_of(inputs));
      std::set<Index> places;
      for (Index o = 0; o < outputs; ++o) {
        for (Index i = 0; i < inputs; ++i) places.insert(weight.position(o, i));
        places.insert(bias.begin + bias.position(o));
      }
      CHECK(static_cast<Index>(places.size()) == outputs * (inputs + 1));
      CHECK(*places.begin() == 0);
      CHECK(*places.rbegin() < weight.stored_size());
    }
}

TEST_CASE("tensor_offsets: a bias in panels begins behind the first panel's weights and takes no memory", "[core]") {
  constexpr auto offsets = bvae::tensor_offsets(
      std::array{TensorInfo{"scale", 1, {5}}, TensorInfo::weight_in_panels("weight", 35, 4),
                 TensorInfo::bias_in_panels("bias", 35, 4), TensorInfo{"shift", 1, {5}},
                 TensorInfo::weight_in_panels("other.weight", 2, 3), TensorInfo::bias_in_panels("other.bias", 2, 3)});
  CHECK(offsets == std::array<Index, 7>{0, 16, 16 + 64, 16 + 240, 272, 272 + 48, 272 + 80});
  for (const Index offset : offsets) CHECK(offset % bvae::kTensorPadding == 0);
}

TEMPLATE_TEST_CASE("set_values, values_of: from C order to memory and back", "[core]", float, double) {
  const auto round_trip = [](const TensorInfo& info, std::size_t memory_size) {
    std::vector<TestType> values(static_cast<std::size_t>(info.size()));
    std::iota(values.begin(), values.end(), TestType(1));
    bvae::Arena<TestType> memory(memory_size);
    bvae::set_values<TestType>(info, memory.data() + info.begin, values);
    CHECK(bvae::values_of(info, memory.data() + info.begin) == values);
    CHECK(bvae::values_of(info, std::as_const(memory).data() + info.begin) == values);
    std::size_t others = 0;  // that were not written
    for (const TestType v : memory) others += v == 0;
    CHECK(others == memory.size() - values.size());
    return memory;
  };
  for (const Index outputs : {1, 15, 16, 17, 50})
    for (const Index inputs : {1, 4, 17}) {
      const TensorInfo weight = TensorInfo::weight_in_panels("weight", outputs, inputs);
      const auto size = static_cast<std::size_t>(weight.stored_size());
      const bvae::Arena<TestType> memory = round_trip(weight, size);
      CHECK(memory[static_cast<std::size_t>(weight.position(outputs - 1, inputs - 1))] ==
            static_cast<TestType>(outputs * inputs));
      if (inputs > 1) CHECK(memory[16] == TestType(2));  // output 0, input 1
      const TensorInfo bias = TensorInfo::bias_in_panels("bias", outputs, inputs);
      CHECK(round_trip(bias, size)[static_cast<std::size_t>(16 * inputs)] == TestType(1));
    }
  const bvae::Arena<TestType> plain = round_trip(TensorInfo{"weight", 3, {2, 3, 4}}, 32);
  for (std::size_t i = 0; i < 24; ++i) CHECK(plain[i] == static_cast<TestType>(i + 1));
  round_trip(TensorInfo{"number", 0}, 16);
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
