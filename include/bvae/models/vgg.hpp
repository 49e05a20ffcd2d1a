#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/image_net_input.hpp"
#include "bvae/layers/max_pool2d.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/models/trained_network.hpp"

namespace bvae {

namespace detail {

/// Output channels of the convolutions, each followed by a ReLU; 0 is a pool (Simonyan, Zisserman 2015, table 1).
inline constexpr std::array kVgg16{64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0};
inline constexpr std::array kVgg19{64,  64,  0,   128, 128, 0,   256, 256, 256, 256, 0,
                                   512, 512, 512, 512, 0,   512, 512, 512, 512, 0};

/// Channels of layer `number` if it is a convolution, 0 for a pool, -1 for a ReLU.
template <std::size_t N>
constexpr int vgg_layer(const std::array<int, N>& channels, int number) {
  int at = 0;
  for (const int c : channels) {
    if (at == number) return c;
    if (c > 0 && at + 1 == number) return -1;
    at += c > 0 ? 2 : 1;
  }
  return -1;
}
template <std::size_t N>
constexpr int vgg_layers(const std::array<int, N>& channels) {
  int count = 0;
  for (const int c : channels) count += c > 0 ? 2 : 1;
  return count;
}

template <int Kind>
struct VggLayer {
  using Type = Conv2d<Kind, 3, 1, 1>;
};
template <>
struct VggLayer<0> {
  using Type = MaxPool2d<2, 2>;
};
template <>
struct VggLayer<-1> {
  using Type = ReLU;
};

template <Shape In, const auto& Channels, class Numbers>
struct VggNetwork;
template <Shape In, const auto& Channels, int... I>
struct VggNetwork<In, Channels, std::integer_sequence<int, I...>> {
  static_assert(sizeof...(I) >= 1 && sizeof...(I) <= static_cast<std::size_t>(vgg_layers(Channels)),
                "Vgg: it has not so many layers");
  using Type = Network<In, ImageNetInput, typename VggLayer<vgg_layer(Channels, I)>::Type...>;
};

}  // namespace detail

/// The convolutional part of a VGG network, for Perceptual. Tensors are called as in torchvision's models
/// (`features.0.weight`, ...), and layers have torchvision's numbers there: layer 0 is the first convolution; the
/// normalisation of ImageNet's images, which comes before, has none.
///
/// torchvision's weights have more tensors than these: `load(vgg, path, {.allow_others = true})`.
template <class Net, class Scalar>
class Vgg : public TrainedNetwork<Net, Scalar> {
 public:
  using TrainedNetwork<Net, Scalar>::TrainedNetwork;

  /// Layers of the network before the one that has number 0.
  static constexpr int kFirstLayer = 1;

  [[nodiscard]] static std::vector<NamedTensor> parameter_tensors() {
    std::vector<NamedTensor> tensors = TrainedNetwork<Net, Scalar>::parameter_tensors();
    for (NamedTensor& tensor : tensors) {
      const std::size_t begin = TrainedNetwork<Net, Scalar>::kPrefix.size() + 1;
      const std::size_t end = tensor.name.find('.', begin);
      const int number = std::stoi(tensor.name.substr(begin, end - begin)) - kFirstLayer;
      tensor.name.replace(begin, end - begin, std::to_string(number));
    }
    return tensors;
  }
};

/// VGG-16 up to and without layer `Layers` of torchvision's `features`. Images need 32 pixels a side for all of it; a
/// shorter one does for smaller images: `Vgg16<Image<1, 28, 28>, 9>` ends with the ReLU that is called relu2_2.
template <Shape In, int Layers = detail::vgg_layers(detail::kVgg16), class Scalar = float>
using Vgg16 =
    Vgg<typename detail::VggNetwork<In, detail::kVgg16, std::make_integer_sequence<int, Layers>>::Type, Scalar>;
/// VGG-19 likewise.
template <Shape In, int Layers = detail::vgg_layers(detail::kVgg19), class Scalar = float>
using Vgg19 =
    Vgg<typename detail::VggNetwork<In, detail::kVgg19, std::make_integer_sequence<int, Layers>>::Type, Scalar>;

/// Numbers of the layers that people tap: relu1_2 is the second ReLU before the first pool.
struct Vgg16Layers {
  static constexpr int kRelu1_2 = 3, kRelu2_2 = 8, kRelu3_3 = 15, kRelu4_3 = 22, kRelu5_3 = 29;
};
struct Vgg19Layers {
  static constexpr int kRelu1_2 = 3, kRelu2_2 = 8, kRelu3_4 = 17, kRelu4_4 = 26, kRelu5_4 = 35;
};

}  // namespace bvae
