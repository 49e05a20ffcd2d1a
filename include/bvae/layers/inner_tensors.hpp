/// The tensors of a network inside a layer, as tensors of that layer: "body.0.weight".
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "bvae/core/arena.hpp"
#include "bvae/layers/network.hpp"

namespace bvae::detail {

/// A name as a template argument.
template <std::size_t N>
struct Name {
  char text[N]{};
  constexpr Name(const char (&from)[N]) {  // NOLINT: to be written as a literal
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

enum class Of { kParameters, kState };

template <class Net, Name Prefix, Of kOf, AxisOrder kLast>
class InnerTensors {
  template <int I>
  static constexpr auto of_layer() {
    if constexpr (kOf == Of::kParameters) {
      return Net::template layer_parameters<I>(kLast);
    } else {
      return Net::template layer_state<I>(kLast);
    }
  }

  static constexpr std::size_t kCount = [] {
    std::size_t count = 0;
    for_each_layer<Net::kLayers>([&]<int I>() { count += of_layer<I>().size(); });
    return count;
  }();

  static constexpr std::size_t digits(int number) {
    std::size_t count = 1;
    for (; number >= 10; number /= 10) ++count;
    return count;
  }
  static constexpr std::size_t length(int layer, const TensorInfo& info) {
    return Prefix.view().size() + digits(layer) + info.name.size() + 2;
  }
  static constexpr std::size_t kLength = [] {
    std::size_t total = 0;
    for_each_layer<Net::kLayers>([&]<int I>() {
      for (const TensorInfo& info : of_layer<I>()) total += length(I, info);
    });
    return total;
  }();

  /// All names, one after another: views into this array are as lasting as literals.
  static constexpr std::array<char, kLength> kNames = [] {
    std::array<char, kLength> names{};
    std::size_t end = 0;
    const auto add = [&](std::string_view text) {
      for (const char c : text) names[end++] = c;
    };
    for_each_layer<Net::kLayers>([&]<int I>() {
      for (const TensorInfo& info : of_layer<I>()) {
        add(Prefix.view());
        add(".");
        end += digits(I);
        for (std::size_t d = 1, rest = I; d <= digits(I); ++d, rest /= 10)
          names[end - d] = static_cast<char>('0' + rest % 10);
        add(".");
        add(info.name);
      }
    });
    return names;
  }();

 public:
  static constexpr std::array<TensorInfo, kCount> kTensors = [] {
    std::array<TensorInfo, kCount> tensors{};
    std::size_t i = 0;
    std::size_t begin = 0;
    for_each_layer<Net::kLayers>([&]<int I>() {
      for (const TensorInfo& info : of_layer<I>()) {
        tensors[i] = info;
        tensors[i++].name = {kNames.data() + begin, length(I, info)};
        begin += length(I, info);
      }
    });
    return tensors;
  }();
};

/// Two lists of tensors, one behind the other.
template <std::size_t A, std::size_t B>
constexpr std::array<TensorInfo, A + B> concatenate(const std::array<TensorInfo, A>& a,
                                                    const std::array<TensorInfo, B>& b) {
  std::array<TensorInfo, A + B> all{};
  for (std::size_t i = 0; i < A; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = b[i];
  return all;
}

}  // namespace bvae::detail
