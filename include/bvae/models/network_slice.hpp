#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "bvae/layers/network.hpp"

namespace bvae {

namespace detail {

template <class Net, int Begin, class Layers>
struct SliceOf;
template <Shape In, class... Layers, int Begin, int... I>
struct SliceOf<Network<In, Layers...>, Begin, std::integer_sequence<int, I...>> {
  using List = std::tuple<std::type_identity<Layers>...>;
  template <int K>
  using LayerAt = typename std::tuple_element_t<static_cast<std::size_t>(Begin + K), List>::type;
  static constexpr auto input() {
    if constexpr (Begin == 0) {
      return std::type_identity<In>{};
    } else {
      return std::type_identity<typename Network<In, Layers...>::template Bound<Begin - 1>::Output>{};
    }
  }
  using Type = Network<typename decltype(input())::type, LayerAt<I>...>;
};

}  // namespace detail

/// The layers [Begin, End) of a network as a network of their own. Its parameters are a range of the whole network's,
/// which begins where those of NetworkSlice<Net, 0, Begin> end; the state likewise.
template <class Net, int Begin, int End>
using NetworkSlice = typename detail::SliceOf<Net, Begin, std::make_integer_sequence<int, End - Begin>>::Type;

}  // namespace bvae
