#include "bvae/layers/network.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "layers/harness.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using namespace bvae;
using bvae_test::same_bits;
using harness::Centered;
using harness::Pictures;

static_assert(bvae::BatchLayer<Center::Bind<Features<3>>> && bvae::BatchLayer<Center::Bind<Features<3>>, double>);
static_assert(!bvae::SampleLayer<Center::Bind<Features<3>>>);
static_assert(bvae::Layer<Center, Features<3>> && bvae::Layer<ReLU, Features<3>> && bvae::Layer<Flatten, Features<3>>);
static_assert(!bvae::Layer<int, Features<3>> && !bvae::Layer<Center, int>);

TEST_CASE("Network: shapes follow from the input, parameters and offsets from the shapes", "[network]") {
  static_assert(std::is_same_v<Pictures::Input, Image<3, 4, 5>>);
  static_assert(std::is_same_v<Pictures::Output, Features<9>>);
  static_assert(std::is_same_v<Pictures::Bound<0>::Output, Features<60, Image<3, 4, 5>>>);
  static_assert(std::is_same_v<Pictures::Bound<2>::Output, Features<70>>);
  static_assert(Pictures::kLayers == 4);
  // Panels of 16 outputs: 5 of 60 inputs and the bias, 1 of 70 inputs and the bias.
  static_assert(Pictures::kParameters == 5 * 16 * 61 + 16 * 71);
  static_assert(Pictures::kState == 0);
  const std::vector<NamedTensor> tensors = Pictures::parameter_tensors("encoder", 1000);
  REQUIRE(tensors.size() == 4);
  const char* const names[] = {"encoder.1.weight", "encoder.1.bias", "encoder.3.weight", "encoder.3.bias"};
  const Index offsets[] = {1000, 1000 + 16 * 60, 1000 + 4880, 1000 + 4880 + 16 * 70};
  const Index sizes[] = {4200, 70, 630, 9};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(tensors[i].name == names[i]);
    CHECK(tensors[i].offset == offsets[i]);
    CHECK(tensors[i].info.size() == sizes[i]);
  }
  CHECK(tensors[0].info.extents[0] == 70);
  CHECK(tensors[0].info.extents[1] == 60);
  CHECK(tensors[0].info.order[1].channels == 3);  // behind Flatten the weights know that they see an image
  CHECK(tensors[0].info.order[1].width == 5);
  CHECK_FALSE(tensors[2].info.order[1].is_image());
}

TEST_CASE("Network: one layer can carry the network's own name", "[network]") {
  const auto tensors = Network<Features<4>, Linear<6>>::parameter_tensors("latent", 32, false);
  REQUIRE(tensors.size() == 2);
  CHECK(tensors[0].name == "latent.weight");
  CHECK(tensors[1].name == "latent.bias");
  CHECK(tensors[1].offset == 32 + 16 * 4);
}

TEST_CASE("Network: state is named and placed apart from parameters", "[network]") {
  const auto state = Centered::state_tensors("decoder", 100);
  REQUIRE(state.size() == 2);
  CHECK(state[0].name == "decoder.1.running_mean");
  CHECK(state[0].offset == 100);
  CHECK(state[1].name == "decoder.4.running_mean");
  CHECK(state[1].offset == 100 + 48);
  static_assert(Centered::kState == 48 + 32);
  CHECK(Centered::parameter_tensors("decoder", 0)[2].name == "decoder.1.scale");
}

TEST_CASE("Network: no layers at all give the input back", "[network]") {
  using None = Network<Features<3>>;
  static_assert(std::is_same_v<None::Output, Features<3>> && None::kParameters == 0);
  bvae::Arena<float> x(6), dx(6);
  None::Activations<float> a(2, x.data(), dx.data());
  CHECK(a.output() == x.data());
  CHECK(a.output_delta() == dx.data());
  CHECK(None::gradient_tasks().empty());
  CHECK(None::parameter_tensors("encoder", 0).empty());
}

TEST_CASE("Network: Flatten costs neither memory nor a copy", "[network]") {
  bvae::Arena<float> x(120), dx(120);
  const Pictures::Activations<float> a(2, x.data(), dx.data());
  CHECK(a.value(1) == a.value(0));
  CHECK(a.delta(1) == a.delta(0));
  CHECK(a.value(2) != a.value(1));
  CHECK(a.value(4) != a.value(3));
  using Twice = Network<Image<1, 2, 2>, Flatten, Flatten>;
  static_assert(std::is_same_v<Twice::Output, Features<4, Image<1, 2, 2>>>);
}

TEST_CASE("Network: forward is the chain of its layers, for every sample of any batch", "[network]") {
  bvae::Arena<double> p(static_cast<std::size_t>(Pictures::kParameters));
  Pictures::initialize(p.data(), Seed{1}, 0);
  const auto tensors = Pictures::parameter_tensors("", 0);
  const Matrix<double> w1 = bvae_test::matrix_of(p, tensors[0]), b1 = bvae_test::matrix_of(p, tensors[1]);
  const Matrix<double> w3 = bvae_test::matrix_of(p, tensors[2]), b3 = bvae_test::matrix_of(p, tensors[3]);
  for (const Index samples : {1, 2, 31, 33, 90}) {
    bvae::Arena<double> x(static_cast<std::size_t>(60 * samples));
    RandomStream(Seed{2}, Stream::kUser).normal(0, std::span<double>(x));
    Pictures::Activations<double> a(90, x.data(), nullptr, false);
    Pictures::forward(Pass(Mode::kEvaluation, {}, samples), p.data(), static_cast<double*>(nullptr), a);
    const ConstView<double> in(x.data(), 60, samples);
    const Matrix<double> hidden = ((w1 * in).colwise() + b1.col(0)).array().tanh();
    const Matrix<double> expected = (w3 * hidden).colwise() + b3.col(0);
    CHECK((ConstView<double>(a.output(), 9, samples) - expected).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("Network: every layer starts with numbers of its own", "[network]") {
  using Two = Network<Features<16>, Linear<16>, Linear<16>>;
  bvae::Arena<float> p(static_cast<std::size_t>(Two::kParameters)), again(p.size()), later(p.size());
  Two::initialize(p.data(), Seed{1}, 0);
  Two::initialize(again.data(), Seed{1}, 0);
  Two::initialize(later.data(), Seed{1}, 1);
  CHECK(same_bits(p, again));
  static_assert(Two::kParameters == 2 * 272);  // one panel each: 256 weights, 16 biases
  CHECK_FALSE(std::equal(p.begin(), p.begin() + 272, p.begin() + 272));
  CHECK(std::equal(later.begin(), later.begin() + 272, p.begin() + 272));  // layer 0 of the one is layer 1 of the other
}

TEST_CASE("Network: the first layer with a value that is not finite is found, among the samples that count",
          "[network]") {
  using Net = Network<Features<2>, ReLU, Linear<3>, Tanh>;
  bvae::Arena<float> x(8), p(static_cast<std::size_t>(Net::kParameters));
  Net::initialize(p.data(), Seed{}, 0);
  Net::Activations<float> a(4, x.data(), nullptr, false);
  const auto run = [&] {
    Net::forward(Pass(Mode::kEvaluation, {}, 4), p.data(), static_cast<float*>(nullptr), a);
    return Net::first_non_finite(4, a);
  };
  CHECK(run() == -1);
  const auto bias = static_cast<std::size_t>(Net::parameter_tensors("", 0)[1].offset);
  p[bias] = std::numeric_limits<float>::quiet_NaN();
  CHECK(run() == 1);
  x[7] = std::numeric_limits<float>::infinity();
  CHECK(run() == 0);
  p[bias] = 0;
  run();
  CHECK(Net::first_non_finite(3, a) == -1);
}
