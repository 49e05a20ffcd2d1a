#include "bvae/layers/unflatten.hpp"

#include <string>
#include <type_traits>
#include <vector>

#include "bvae/io/load.hpp"
#include "bvae/io/save.hpp"
#include "bvae/layers/avg_pool2d.hpp"
#include "bvae/layers/dropout.hpp"
#include "bvae/layers/leaky_relu.hpp"
#include "bvae/layers/max_pool2d.hpp"
#include "bvae/layers/residual.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/chain.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bvae;

namespace {

using Picture = Image<2, 3, 4>;
using ToPicture = Unflatten<Picture>;

template <class... Layers>
AxisOrder order_of_first() {
  return Network<Features<5>, Layers...>::parameter_tensors("", 0).at(0).info.order[0];
}

/// As state_dictionary() of layers.py.
template <class Scalar>
using Model =
    bvae::Vae<Picture, bvae::Encoder<MaxPool2d<2, 1>, Flatten, Linear<6>, Residual<Linear<5>, Tanh, Linear<6>>>,
              bvae::Latent<3>, bvae::Decoder<Linear<24>, Tanh, ToPicture, AvgPool2d<3, 1, 1>>, Scalar>;

}  // namespace

TEST_CASE("Unflatten: with activations after Linear, outputs and gradients are PyTorch's", "[layers][pytorch]") {
  using Net = Network<Features<5>, Linear<24>, Tanh, bvae::LeakyReLU, ToPicture, AvgPool2d<2, 1>, Flatten, Linear<3>>;
  oracle::check_chain<Net>("Unflatten", 3);
}

TEST_CASE("Unflatten: a model with it loads PyTorch's state dictionary and saves the same", "[layers][pytorch][io]") {
  const oracle::Golden golden("layers.safetensors");
  const auto check = [&]<class M>(M model, double bar) {
    using Scalar = typename M::Scalar;
    golden.load(model, "Model");
    const Matrix<Scalar> x = oracle::in_memory_order<Picture>(oracle::formula_matrix<Scalar>(100, 24, 4));
    const bvae::Posterior<Scalar> q = model.encode(x);
    Matrix<Scalar> code(6, 4);
    code << q.mu, q.log_variance;
    CHECK(oracle::relative_error(code, golden["Code"]) <= bar);
    const Matrix<Scalar> decoded = model.decode(oracle::formula_matrix<Scalar>(101, 3, 4));
    const Matrix<double> expected = oracle::in_memory_order<Picture>(golden.matrix<double>("Decoded"));
    CHECK(oracle::relative_error(decoded, {expected.data(), expected.data() + expected.size()}) <= bar);

    const TemporaryFolder folder;
    bvae::save(model, folder / "model.safetensors");
    const bvae::SafetensorsReader saved(folder / "model.safetensors");
    const auto tensors = M::parameter_tensors();
    CHECK(saved.tensors().size() == tensors.size());
    for (const NamedTensor& tensor : tensors) {
      const bvae::TensorView* view = saved.find(tensor.name);
      REQUIRE(view != nullptr);
      const std::vector<double> values = golden["Model." + tensor.name];
      for (std::size_t i = 0; i < values.size(); ++i)
        REQUIRE(bvae::detail::value_at<double>(*view, Index(i)) == values[i]);
    }
  };
  check(Model<double>{}, 1e-14);
  check(Model<float>{}, 1e-6);
}

TEST_CASE("Unflatten: the order reaches Linear through activations and Dropout, and no further", "[layers]") {
  CHECK(order_of_first<Linear<24>, ToPicture>().channels == 2);
  CHECK(order_of_first<Linear<24>, ReLU, Dropout<>, Tanh, Flatten, ToPicture>().width == 4);
  CHECK_FALSE(order_of_first<Linear<24>, Linear<24>, ToPicture>().is_image());
  CHECK_FALSE((order_of_first<Linear<24>, ToPicture, Flatten, Linear<24>>().height != 3));
  const auto tensors = Network<Features<5>, Linear<24>, ToPicture, Flatten, Linear<24>>::parameter_tensors("", 0);
  CHECK(tensors[1].info.order[0].is_image());  // the bias
  CHECK(tensors[2].info.order[1].is_image());  // what Linear reads
  CHECK_FALSE(tensors[2].info.order[0].is_image());
}

TEST_CASE("Unflatten: an image that was flattened may become itself, one of one order anything", "[layers]") {
  using Back = Network<Picture, Flatten, Tanh, ToPicture>;
  static_assert(std::is_same_v<Back::Output, Picture>);
  using OneChannel = Network<Features<12>, Residual<Linear<12>>, Unflatten<Image<1, 3, 4>>>;
  static_assert(std::is_same_v<OneChannel::Output, Image<1, 3, 4>>);
  using OnePixel = Network<Features<12>, Unflatten<Image<12, 1, 1>>>;
  static_assert(std::is_same_v<OnePixel::Output, Image<12, 1, 1>>);
  CHECK((bvae::testing::check_layers<Features<5>, Linear<24>, Tanh, ToPicture, AvgPool2d<2>>().relative_error()) <=
        1e-8);
}
