#include "bvae/models/vae.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "bvae/core/random.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/likelihoods/bernoulli.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using bvae::Bernoulli;
using bvae::Decoder;
using bvae::Encoder;
using bvae::Features;
using bvae::Flatten;
using bvae::Gaussian;
using bvae::Image;
using bvae::Index;
using bvae::Latent;
using bvae::Linear;
using bvae::Matrix;
using bvae::NamedTensor;
using bvae::RandomStream;
using bvae::ReLU;
using bvae::Seed;
using bvae::Stream;
using bvae::Tanh;
using bvae::Vae;
using bvae_test::same_bits;

namespace {

using Digits =
    Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<400>, ReLU>, Latent<20>, Decoder<Linear<400>, ReLU, Linear<784>>>;
template <class Scalar>
using Small =
    Vae<Image<2, 3, 4>, Encoder<Flatten, Linear<11>, Tanh>, Latent<3>, Decoder<Linear<10>, Tanh, Linear<24>>, Scalar>;

template <class Scalar>
Matrix<Scalar> normal(Index rows, Index columns, std::uint32_t sample = 0) {
  Matrix<Scalar> m(rows, columns);
  RandomStream(Seed{31}, Stream::kUser).normal(sample, std::span<Scalar>(m.data(), static_cast<std::size_t>(m.size())));
  return m;
}

/// A named tensor of a model as a matrix, [out, in] as in PyTorch.
template <class Model>
Matrix<typename Model::Scalar> tensor(const Model& model, const std::string& name) {
  for (const NamedTensor& t : Model::parameter_tensors())
    if (t.name == name) return bvae_test::matrix_of(model.parameters(), t);
  throw std::out_of_range(name);
}

}  // namespace

TEST_CASE("Vae: 784-400-20 has the parameters of the same model in PyTorch", "[vae]") {
  CHECK(Digits::parameter_count() == 652824);
  const char* const names[] = {"encoder.1.weight", "encoder.1.bias", "latent.weight",    "latent.bias",
                               "decoder.0.weight", "decoder.0.bias", "decoder.2.weight", "decoder.2.bias"};
  const Index shapes[][2] = {{400, 784}, {400, 0}, {40, 400}, {40, 0}, {400, 20}, {400, 0}, {784, 400}, {784, 0}};
  const auto tensors = Digits::parameter_tensors();
  REQUIRE(tensors.size() == 8);
  Index end = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(tensors[i].name == names[i]);
    CHECK(tensors[i].info.extents[0] == shapes[i][0]);
    if (tensors[i].info.rank == 2) CHECK(tensors[i].info.extents[1] == shapes[i][1]);
    const bool weight = tensors[i].info.rank == 2;
    CHECK(tensors[i].offset ==
          (weight ? end : tensors[i - 1].offset + 16 * shapes[i - 1][1]));  // biases: in the panels
    CHECK(tensors[i].offset % 16 == 0);
    end += tensors[i].info.stored_size();
  }
  CHECK(end == Digits::kParameters);
  CHECK(Digits{}.parameters().size() == static_cast<std::size_t>(Digits::kParameters));
  CHECK(Digits::state_tensors().empty());
}

TEST_CASE("Vae: weights that touch an image know its order, the others do not", "[vae]") {
  for (const NamedTensor& t : Small<float>::parameter_tensors()) {
    INFO(t.name);
    CHECK(t.info.order[1].is_image() == (t.name == "encoder.1.weight"));
    CHECK(t.info.order[0].is_image() == (t.name == "decoder.2.weight" || t.name == "decoder.2.bias"));
  }
}

TEST_CASE("Vae: the seed gives the weights", "[vae]") {
  CHECK(same_bits(Small<float>{Seed{1}}.parameters(), Small<float>{Seed{1}}.parameters()));
  CHECK_FALSE(same_bits(Small<float>{Seed{1}}.parameters(), Small<float>{Seed{2}}.parameters()));
  CHECK(same_bits(Small<float>{}.parameters(), Small<float>{Seed{0}}.parameters()));
  const Digits model{Seed{5}};
  std::set<float> firsts;  // no two tensors start alike
  for (const NamedTensor& t : Digits::parameter_tensors()) {
    const std::vector<float> values = bvae_test::values_of(model.parameters(), t);
    firsts.insert(values[0]);
    const double fan_in = t.name.starts_with("decoder.0") ? 20 : t.name.starts_with("encoder") ? 784 : 400;
    double largest = 0;
    for (const float v : values) largest = std::max(largest, std::abs(static_cast<double>(v)));
    INFO(t.name);
    CHECK(largest <= 1 / std::sqrt(fan_in) * 1.0000001);
    CHECK(largest > 0.8 / std::sqrt(fan_in));
  }
  CHECK(firsts.size() == 8);
}

TEST_CASE("Vae: every value has a place of its own, and what lies between them is 0", "[vae]") {
  const Small<float> model{Seed{5}};
  std::vector<int> owners(model.parameters().size());
  for (const NamedTensor& t : Small<float>::parameter_tensors())
    for (Index row = 0; row < t.info.extents[0]; ++row)
      for (Index i = 0; i < t.info.size() / t.info.extents[0]; ++i) ++bvae_test::at(owners, t, row, i);
  CHECK(std::count(owners.begin(), owners.end(), 1) == Small<float>::parameter_count());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    REQUIRE(owners[i] <= 1);
    if (owners[i] == 0) REQUIRE(model.parameters()[i] == 0);
  }
}

TEST_CASE("Vae: first layers of encoder, head and decoder do not start alike", "[vae]") {
  using Square = Vae<Features<8>, Encoder<Linear<8>>, Latent<8>, Decoder<Linear<8>>>;
  const Square model{Seed{5}};
  std::set<float> firsts;
  for (const NamedTensor& t : Square::parameter_tensors())
    firsts.insert(model.parameters()[static_cast<std::size_t>(t.offset)]);
  CHECK(firsts.size() == 6);
}

TEST_CASE("Vae: encode and decode are the networks that the type says", "[vae]") {
  const Small<double> model{Seed{3}};
  const Matrix<double> x = normal<double>(24, 7), z = normal<double>(3, 7, 1);
  const Matrix<double> hidden =
      ((tensor(model, "encoder.1.weight") * x).colwise() + tensor(model, "encoder.1.bias").col(0)).array().tanh();
  const Matrix<double> head = (tensor(model, "latent.weight") * hidden).colwise() + tensor(model, "latent.bias").col(0);
  const auto q = model.encode(x);
  CHECK((q.mu - head.topRows(3)).cwiseAbs().maxCoeff() < 1e-13);
  CHECK((q.log_variance - head.bottomRows(3)).cwiseAbs().maxCoeff() < 1e-13);
  const Matrix<double> inner =
      ((tensor(model, "decoder.0.weight") * z).colwise() + tensor(model, "decoder.0.bias").col(0)).array().tanh();
  const Matrix<double> logits =
      (tensor(model, "decoder.2.weight") * inner).colwise() + tensor(model, "decoder.2.bias").col(0);
  CHECK((model.decode(z) - logits).cwiseAbs().maxCoeff() < 1e-13);
  const Matrix<double> probabilities = 1 / (1 + (-logits.array()).exp());
  CHECK((model.decode(z, Bernoulli{}) - probabilities).cwiseAbs().maxCoeff() < 1e-13);
  CHECK(model.decode(z, Gaussian{}) == model.decode(z));
}

TEST_CASE("Vae: reconstruct decodes mu and draws nothing", "[vae]") {
  const Small<float> model{Seed{3}};
  const Matrix<float> x = normal<float>(24, 5);
  CHECK(model.reconstruct(x) == model.decode(model.encode(x).mu));
  CHECK(model.reconstruct(x) == model.reconstruct(x));
  CHECK(model.reconstruct(x, Bernoulli{}) == model.decode(model.encode(x).mu, Bernoulli{}));
}

TEST_CASE("Vae: sample decodes draws from the prior, the same for the same seed", "[vae]") {
  const Small<float> model{Seed{3}};
  const Matrix<float> ten = model.sample(10, Seed{4});
  CHECK(ten.rows() == 24);
  CHECK(ten.cols() == 10);
  CHECK(ten == model.sample(10, Seed{4}));
  CHECK(ten != model.sample(10, Seed{5}));
  CHECK(ten.col(0) != ten.col(1));
  CHECK((model.sample(300, Seed{4}).leftCols(10) - ten).cwiseAbs().maxCoeff() < 1e-6f);  // more draws keep the first
  const Matrix<float> probabilities = model.sample(10, Bernoulli{}, Seed{4});
  CHECK((probabilities.array() > 0).all());
  CHECK((probabilities.array() < 1).all());
  CHECK((probabilities.array() - 1 / (1 + (-ten.array()).exp())).abs().maxCoeff() < 1e-6f);
  Matrix<float> z(3, 10);
  for (Index s = 0; s < 10; ++s)
    RandomStream(Seed{4}, Stream::kSampling)
        .normal(static_cast<std::uint32_t>(s), std::span<float>(z.col(s).data(), 3));
  CHECK(ten == model.decode(z));
}

TEST_CASE("Vae: many columns, one column and no column are all a batch", "[vae]") {
  const Small<float> model{Seed{3}};
  const Matrix<float> x = normal<float>(24, 600);
  const auto q = model.encode(x);
  REQUIRE(q.mu.cols() == 600);
  REQUIRE(q.log_variance.rows() == 3);
  const Matrix<float> output = model.decode(q.mu);
  REQUIRE(output.cols() == 600);
  for (const Index s : {0, 1, 31, 32, 255, 256, 257, 511, 512, 599}) {
    INFO("column " << s);
    const auto one = model.encode(x.col(s));
    CHECK((one.mu - q.mu.col(s)).cwiseAbs().maxCoeff() < 1e-5f);
    CHECK((one.log_variance - q.log_variance.col(s)).cwiseAbs().maxCoeff() < 1e-5f);
    CHECK((model.decode(q.mu.col(s)) - output.col(s)).cwiseAbs().maxCoeff() < 1e-5f);
  }
  CHECK(model.encode(Matrix<float>(24, 0)).mu.cols() == 0);
  CHECK(model.decode(Matrix<float>(3, 0)).rows() == 24);
  CHECK(model.sample(0).cols() == 0);
}

TEST_CASE("Vae: parts of a larger matrix can be encoded without a copy by the user", "[vae]") {
  const Small<float> model{Seed{3}};
  const Matrix<float> wide = normal<float>(30, 9);
  const Matrix<float> copy = wide.block(3, 2, 24, 5);
  CHECK(model.encode(wide.block(3, 2, 24, 5)).mu == model.encode(copy).mu);
}

TEST_CASE("Vae: refuses input of the wrong size and a negative number of draws", "[vae]") {
  const Small<float> model{};
  CHECK_THROWS_AS(model.encode(Matrix<float>::Zero(23, 2)), std::invalid_argument);
  CHECK_THROWS_WITH(model.encode(Matrix<float>::Zero(2, 24)),
                    ContainsSubstring("encode") && ContainsSubstring("24") && ContainsSubstring("got 2"));
  CHECK_THROWS_WITH(model.decode(Matrix<float>::Zero(4, 1)), ContainsSubstring("decode") && ContainsSubstring("got 4"));
  CHECK_THROWS_AS(model.reconstruct(Matrix<float>::Zero(3, 1)), std::invalid_argument);
  CHECK_THROWS_AS(model.sample(-1), std::invalid_argument);
}

TEST_CASE("Vae: a copy is a model of its own", "[vae]") {
  Small<float> model{Seed{3}};
  Small<float> copy = model;
  const Matrix<float> x = normal<float>(24, 2);
  const Matrix<float> before = model.reconstruct(x);
  CHECK(copy.reconstruct(x) == before);
  for (float& p : copy.parameters()) p *= 2;
  CHECK(copy.reconstruct(x) != before);
  CHECK(model.reconstruct(x) == before);
  model = copy;
  CHECK(model.reconstruct(x) == copy.reconstruct(x));
}

TEST_CASE("Vae: NaN in a sample stays in that sample", "[vae]") {
  const Small<float> model{Seed{3}};
  Matrix<float> x = normal<float>(24, 40);
  x(5, 17) = std::numeric_limits<float>::quiet_NaN();
  const Matrix<float> mu = model.encode(x).mu;
  for (Index s = 0; s < 40; ++s) CHECK(mu.col(s).allFinite() == (s != 17));
}

TEST_CASE("Vae: features instead of images, no hidden layers, and one latent will do", "[vae]") {
  using Plain = Vae<Features<5>, Encoder<>, Latent<1>, Decoder<Linear<5>>, double>;
  static_assert(std::is_same_v<Plain::Scalar, double> && Plain::kLatents == 1 && Plain::kFeatures == 5);
  CHECK(Plain::parameter_count() == 2 * 5 + 2 + 5 + 5);
  const Plain model{Seed{1}};
  CHECK(model.reconstruct(normal<double>(5, 3)).rows() == 5);
}
