/// What the tensor formats have in common: element types, and a named array in memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/core/message.hpp"

namespace bvae {

static_assert(std::endian::native == std::endian::little, "bvae reads and writes tensor files without swapping bytes");

/// Element types of the safetensors format, in its order: by alignment, smallest first.
enum class TensorType {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64,
};

namespace detail {

struct TensorTypeInfo {
  std::string_view name;
  unsigned bits;
};

inline constexpr std::array<TensorTypeInfo, 22> kTensorTypes{{
    {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
    {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64},
}};

}  // namespace detail

/// The format's name of a type: "F32".
constexpr std::string_view type_name(TensorType type) {
  return detail::kTensorTypes[static_cast<std::size_t>(type)].name;
}

/// Bits of one element; 4 or 6 for the three types that bvae knows by name only.
constexpr unsigned type_bits(TensorType type) { return detail::kTensorTypes[static_cast<std::size_t>(type)].bits; }

/// The type with the format's name `name`, if there is one.
constexpr std::optional<TensorType> find_tensor_type(std::string_view name) {
  for (std::size_t i = 0; i < detail::kTensorTypes.size(); ++i) {
    if (detail::kTensorTypes[i].name == name) return static_cast<TensorType>(i);
  }
  return std::nullopt;
}

/// The element type that C++'s `Scalar` is stored as.
template <class Scalar>
constexpr TensorType tensor_type_of() {
  if constexpr (std::is_same_v<Scalar, bool>) {
    return TensorType::boolean;
  } else if constexpr (std::is_floating_point_v<Scalar>) {
    static_assert(sizeof(Scalar) == 4 || sizeof(Scalar) == 8, "tensor_type_of: floating point is float or double");
    return sizeof(Scalar) == 4 ? TensorType::f32 : TensorType::f64;
  } else {
    static_assert(std::is_integral_v<Scalar>, "tensor_type_of: elements are bool, integers, float or double");
    constexpr bool kSigned = std::is_signed_v<Scalar>;
    if constexpr (sizeof(Scalar) == 1) return kSigned ? TensorType::i8 : TensorType::u8;
    if constexpr (sizeof(Scalar) == 2) return kSigned ? TensorType::i16 : TensorType::u16;
    if constexpr (sizeof(Scalar) == 4) return kSigned ? TensorType::i32 : TensorType::u32;
    if constexpr (sizeof(Scalar) == 8) return kSigned ? TensorType::i64 : TensorType::u64;
  }
}

/// A named array that lies in somebody else's memory: row-major (the last dimension changes fastest), little endian.
///
/// An empty shape is one element; a dimension of 0 is none. Read from a file, the bytes need not be aligned for their
/// type: copy them (std::memcpy).
struct TensorView {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  /// A view of `values`, which must outlive it.
  template <class Scalar>
  static TensorView of(std::string name, std::vector<std::int64_t> shape, std::span<const Scalar> values) {
    return {std::move(name), tensor_type_of<Scalar>(), std::move(shape), std::as_bytes(values)};
  }
};

namespace detail {

/// The safetensors format's own limit on its JSON header, in bytes.
inline constexpr std::uint64_t kSafetensorsMaxHeader = 100'000'000;

/// Bytes of a tensor; nothing if a dimension is negative, if any product on the way does not fit 64 bits (one that
/// would come back to a small number, or to 0, too), or if the type has no whole bytes.
inline std::optional<std::uint64_t> byte_count(TensorType type, std::span<const std::int64_t> shape) {
  if (type_bits(type) % 8 != 0) return std::nullopt;
  std::uint64_t count = 1;
  const auto multiply = [&](std::uint64_t factor) {
    if (factor != 0 && count > std::numeric_limits<std::uint64_t>::max() / factor) return false;
    count *= factor;
    return true;
  };
  for (const std::int64_t dimension : shape) {
    if (dimension < 0 || !multiply(static_cast<std::uint64_t>(dimension))) return std::nullopt;
  }
  if (!multiply(type_bits(type) / 8)) return std::nullopt;
  return count;
}

/// "[2,3]"
[[gnu::cold]] inline std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape) text = message(text, text.size() > 1 ? "," : "", dimension);
  return message(text, ']');
}

}  // namespace detail
}  // namespace bvae
