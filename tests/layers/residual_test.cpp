#include "bvae/layers/residual.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "bvae/layers/avg_pool2d.hpp"
#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/conv_transpose2d.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/max_pool2d.hpp"
#include "bvae/layers/silu.hpp"
#include "bvae/layers/unflatten.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "oracle/chain.hpp"
#include "support/catch.hpp"

using namespace bvae;
using harness::check_same_bits;
using harness::Results;
using harness::train;

namespace {

using Plain = Network<Features<6>, Linear<9>, Residual<Linear<20>, Tanh, Linear<9>>>;
using Projected = Network<Features<6>, Residual<Shortcut<Linear<9>>, Linear<20>, Tanh, Linear<9>>, Tanh, Linear<2>>;
using Nested = Network<Features<6>, Residual<Linear<6>, Residual<Tanh, Linear<6>>, Tanh>>;
/// Whole batch layers on both sides, more rows than a task has, and a residual in a residual.
using Deep =
    Network<Features<20>, Linear<33>, Residual<Center, Tanh, Linear<70>, Center, Residual<Linear<70>>, Linear<33>>,
            ReLU, Residual<Shortcut<Linear<17>, Center>, Linear<17>, ReLU>, Linear<5>>;

}  // namespace

TEST_CASE("Residual: output and gradients are PyTorch's", "[layers][pytorch]") {
  oracle::check_chain<Plain>("Residual", 3);
  oracle::check_chain<Projected>("Residual_projected", 3);
  oracle::check_chain<Nested>("Residual_nested", 3);
  oracle::check_chain<Network<Image<2, 3, 4>, Flatten, Residual<Linear<7>, Tanh, Linear<24>, Tanh>, Linear<3>>>(
      "Residual_of_image", 3);
  oracle::check_chain<Network<Image<2, 3, 4>, Residual<MaxPool2d<3, 1, 1>, Tanh, AvgPool2d<3, 1, 1>>>>(
      "Residual_of_pooling", 3);
  oracle::check_chain<Network<Features<5>, Residual<Shortcut<Linear<12>, Tanh>, Linear<24>, Unflatten<Image<2, 3, 4>>,
                                                    AvgPool2d<2, 1>, Flatten>>>("Residual_unflatten", 3);
  using Convolutional = Residual<Shortcut<Conv2d<5, 1, 2>>, Conv2d<5, 3, 2, 1>, ReLU, Conv2d<5, 3, 1, 1>>;
  oracle::check_chain<Network<Features<5>, Linear<24>, Tanh, Unflatten<Image<3, 4, 2>>, Convolutional, ReLU,
                              ConvTranspose2d<2, 4, 2, 1>>>("Residual_convolutional", 3);
}

TEST_CASE("Residual: gradients are right to 1e-8, with whole batch layers inside too", "[layers][gradient]") {
  for (const Index samples : {3, 5, 20}) {
    INFO(samples << " samples");
    const auto check = [](const bvae::testing::LayerGradientCheck& result) {
      INFO("input " << result.input.relative_error << ", parameters " << result.parameters.relative_error);
      CHECK(result.relative_error() <= 1e-8);
    };
    check(bvae::testing::check_layers<Features<6>, Residual<Linear<20>, Tanh, Linear<6>>>(Seed{7}, samples));
    check(bvae::testing::check_layers<Features<6>,
                                      Residual<Shortcut<Linear<3>, Tanh>, Linear<20>, bvae::SiLU, Linear<3>>>(Seed{7},
                                                                                                              samples));
    check(bvae::testing::check_layers<
          Features<6>, Linear<8>, Center, Residual<Linear<20>, Center, Tanh, Linear<8>>, Tanh,
          Residual<Shortcut<Linear<3>, Center>, Residual<Center, Linear<8>>, Tanh, Linear<3>>>(Seed{8}, samples));
  }
}

TEST_CASE("Residual: 1, 2, 3 and 4 threads give the same bits, with whole batch layers inside", "[layers][threads]") {
  for (const Index samples : {1, 3, 17, 70}) {
    const Results<float> one = train<Deep, float>(1, samples, 70, true);
    for (int threads = 2; threads <= 4; ++threads) {
      INFO("samples " << samples << ", threads " << threads);
      check_same_bits(train<Deep, float>(threads, samples, 70, true), one);
    }
    const Results<float> large = train<Deep, float>(2, samples, 300, true);  // a larger workspace
    CHECK(bvae_test::same_bits(large.outputs, one.outputs));
    CHECK(bvae_test::same_bits(large.gradient, one.gradient));
  }
}

TEST_CASE("Residual: tasks give the gradient's squares", "[layers]") {
  const Results<double> r = train<Deep, double>(2, 9, 9, false);
  double expected = 0;
  for (const double g : r.gradient) expected += g * g;
  double sum = 0;
  for (const double s : r.squares) sum += s;
  CHECK(sum == Approx(expected).epsilon(1e-12));
}

TEST_CASE("Residual: names, places and starts of what is inside", "[layers]") {
  using Net = Network<Features<20>, Linear<17>, Residual<Center, Linear<33>, Residual<Tanh, Center>, Linear<17>>,
                      Residual<Shortcut<Linear<3>, Center>, Linear<3>>>;
  const std::vector<NamedTensor> tensors = Net::parameter_tensors("decoder", 100);
  const std::vector<std::string> names{"decoder.0.weight",
                                       "decoder.0.bias",
                                       "decoder.1.body.0.scale",
                                       "decoder.1.body.1.weight",
                                       "decoder.1.body.1.bias",
                                       "decoder.1.body.2.body.1.scale",
                                       "decoder.1.body.3.weight",
                                       "decoder.1.body.3.bias",
                                       "decoder.2.body.0.weight",
                                       "decoder.2.body.0.bias",
                                       "decoder.2.shortcut.0.weight",
                                       "decoder.2.shortcut.0.bias",
                                       "decoder.2.shortcut.1.scale"};
  REQUIRE(tensors.size() == names.size());
  for (std::size_t i = 0; i < names.size(); ++i) CHECK(tensors[i].name == names[i]);
  static_assert(Net::kParameters == 2 * 16 * 21 + 32 + 3 * 16 * 19 + 48 + 2 * 16 * 35 + 16 * 19 + 16 * 19 + 16);
  CHECK(tensors[2].offset == 100 + 2 * 16 * 21);
  CHECK(tensors[12].offset == 100 + Net::kParameters - 16);
  const std::vector<NamedTensor> state = Net::state_tensors("decoder", 7);
  REQUIRE(state.size() == 3);
  CHECK(state[1].name == "decoder.1.body.2.body.1.running_mean");
  CHECK(state[2].name == "decoder.2.shortcut.1.running_mean");
  CHECK(state[2].offset == 7 + 32 + 48);
  static_assert(Net::kLayerNumbers == 1 + 5 + 3);
  // Layers inside begin as the same layers outside do at the same numbers.
  using Flat = Network<Features<20>, Linear<17>, Center, Linear<33>, Tanh, Center, Linear<17>>;
  bvae::Arena<float> p(static_cast<std::size_t>(Net::kParameters)), flat(static_cast<std::size_t>(Flat::kParameters));
  Net::initialize(p.data(), Seed{3}, 0);
  Flat::initialize(flat.data(), Seed{3}, 0);
  CHECK(std::equal(flat.begin(), flat.end(), p.begin()));
  CHECK(p[static_cast<std::size_t>(tensors[8].offset - 100)] != p[static_cast<std::size_t>(tensors[10].offset - 100)]);
  bvae::Arena<float> s(static_cast<std::size_t>(Net::kState));
  Net::initialize_state(p.data(), s.data(), Seed{3}, 0);
  CHECK(s[0] == 0.25F);
  CHECK(s[32 + 48] == 0.25F);
}

TEST_CASE("Residual: shapes", "[layers]") {
  static_assert(std::is_same_v<Plain::Output, Features<9>> && std::is_same_v<Projected::Output, Features<2>>);
  using OfImage = Network<Image<2, 3, 4>, Flatten, Residual<Linear<24>>>;
  static_assert(std::is_same_v<OfImage::Output, Features<24, Image<2, 3, 4>>>);
  static_assert(!OfImage::kGradientsAreProducts);
  static_assert(bvae::Layer<Residual<Linear<3>>, Features<3>>);
  SUCCEED();
}
