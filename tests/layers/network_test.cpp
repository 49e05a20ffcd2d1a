#include "bvae/layers/network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <ratio>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bvae/data/dataset.hpp"
#include "bvae/divergences/kl.hpp"
#include "bvae/layers/elu.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/leaky_relu.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/sigmoid.hpp"
#include "bvae/layers/silu.hpp"
#include "bvae/layers/tanh.hpp"
#include "bvae/likelihoods/gaussian.hpp"
#include "bvae/metrics/evaluation.hpp"
#include "bvae/models/vae.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/schedules/constant.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "bvae/training/trainer.hpp"
#include "layers/center.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"
#include "support/tensors.hpp"

using bvae::ConstView;
using bvae::Features;
using bvae::Flatten;
using bvae::GradientTask;
using bvae::Image;
using bvae::Index;
using bvae::Linear;
using bvae::Matrix;
using bvae::Mode;
using bvae::NamedTensor;
using bvae::Network;
using bvae::Pass;
using bvae::RandomStream;
using bvae::ReLU;
using bvae::Seed;
using bvae::Shard;
using bvae::Stream;
using bvae::Tanh;
using bvae::Team;
using bvae::Tensors;
using bvae::Vector;
using bvae::View;

namespace {

static_assert(bvae::BatchLayer<Center::Bind<Features<3>>> && bvae::BatchLayer<Center::Bind<Features<3>>, double>);
static_assert(!bvae::SampleLayer<Center::Bind<Features<3>>>);
static_assert(bvae::Layer<Center, Features<3>> && bvae::Layer<ReLU, Features<3>> && bvae::Layer<Flatten, Features<3>>);
static_assert(!bvae::Layer<int, Features<3>> && !bvae::Layer<Center, int>);

template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}
template <class Container>
auto view(const Container& c) {
  return std::span<const typename Container::value_type>(c);
}

/// Everything that two steps of training and one evaluation of a network give.
template <class Scalar>
struct Results {
  std::vector<Scalar> outputs, evaluated, input_delta, gradient, state;
  std::vector<double> squares;
};

template <class Net, class Scalar>
Results<Scalar> train(int threads, Index samples, Index capacity, bool with_input_delta) {
  bvae::Arena<Scalar> input(static_cast<std::size_t>(Net::Input::kSize * capacity)), input_delta(input.size());
  bvae::Arena<Scalar> parameters(static_cast<std::size_t>(Net::kParameters)), gradient(parameters.size());
  bvae::Arena<Scalar> state(static_cast<std::size_t>(Net::kState));
  Net::initialize(parameters.data(), Seed{3}, 0);
  Net::initialize_state(state.data(), Seed{3}, 0);
  typename Net::template Activations<Scalar> a(capacity, input.data(), with_input_delta ? input_delta.data() : nullptr);
  const std::vector<GradientTask> tasks = Net::gradient_tasks();
  Results<Scalar> results;
  results.squares.resize(tasks.size());
  const auto outputs = static_cast<std::size_t>(Net::Output::kSize * samples);
  Team team(threads);
  for (std::uint64_t step = 0; step < 2; ++step) {
    const RandomStream random(Seed{4}, Stream::kUser, step);
    random.normal(0, std::span<Scalar>(input));
    std::vector<Scalar> upstream(outputs);
    random.normal(1, std::span<Scalar>(upstream));
    team.run([&](const bvae::Member& member) {
      const Pass pass(Mode::kTraining, member, samples);
      Net::forward(pass, parameters.data(), state.data(), a);
      pass.for_own_shards([&](Shard s) {
        const Index rows = Net::Output::kSize;
        std::copy_n(upstream.data() + s.first * rows, s.count * rows, a.output_delta() + s.first * rows);
      });
      Net::backward(pass, parameters.data(), a);
      member.barrier();
      for (std::size_t t = static_cast<std::size_t>(member.rank()); t < tasks.size();
           t += static_cast<std::size_t>(member.size()))
        results.squares[t] = Net::gradient(tasks[t], samples, parameters.data(), a, gradient.data());
      member.barrier();
    });
  }
  results.outputs.assign(a.output(), a.output() + outputs);
  team.run([&](const bvae::Member& member) {
    Net::forward(Pass(Mode::kEvaluation, member, samples), parameters.data(), state.data(), a);
  });
  results.evaluated.assign(a.output(), a.output() + outputs);
  results.input_delta.assign(input_delta.begin(), input_delta.end());
  results.gradient.assign(gradient.begin(), gradient.end());
  results.state.assign(state.begin(), state.end());
  return results;
}

template <class Net, class Scalar>
void check_thread_counts(bool with_input_delta) {
  for (const Index samples : {1, 3, 17, 31, 64, 70, 128}) {
    const Results<Scalar> one = train<Net, Scalar>(1, samples, 128, with_input_delta);
    for (int threads = 2; threads <= 4; ++threads) {
      const Results<Scalar> many = train<Net, Scalar>(threads, samples, 128, with_input_delta);
      INFO("samples " << samples << ", threads " << threads);
      CHECK(same_bits(view(many.outputs), view(one.outputs)));
      CHECK(same_bits(view(many.evaluated), view(one.evaluated)));
      CHECK(same_bits(view(many.input_delta), view(one.input_delta)));
      CHECK(same_bits(view(many.gradient), view(one.gradient)));
      CHECK(same_bits(view(many.state), view(one.state)));
      CHECK(same_bits(view(many.squares), view(one.squares)));
    }
  }
}

using Pictures = Network<Image<3, 4, 5>, Flatten, Linear<70>, Tanh, Linear<9>>;
using Wide = Network<Features<5>, Linear<1>, ReLU, Linear<112>, Linear<113>, Linear<784>>;
using Centered = Network<Features<20>, Linear<33>, Center, Tanh, Linear<17>, Center, Linear<5>>;

/// An activation as a user's: no layer takes it along.
template <class Activation>
struct Alone {
  template <bvae::Shape In>
  struct Bind : bvae::PointwiseBind<Alone, In> {};

  using Own = typename Activation::template Bind<Features<1>>;
  template <class Scalar>
  static void forward(Index n, const Scalar* x, Scalar* y) {
    Own::forward(Tensors<const Scalar>(nullptr, nullptr), ConstView<Scalar>(x, 1, n), View<Scalar>(y, 1, n));
  }
  template <class Scalar>
  static void backward(Index n, const Scalar* x, const Scalar* y, const Scalar* dy, Scalar* dx) {
    Own::backward(Tensors<const Scalar>(nullptr, nullptr), ConstView<Scalar>(x, 1, n), ConstView<Scalar>(y, 1, n),
                  ConstView<Scalar>(dy, 1, n), View<Scalar>(dx, 1, n));
  }
};

struct UserReLU {
  template <bvae::Shape In>
  struct Bind : bvae::PointwiseBind<UserReLU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* x, Scalar* y) {
    for (Index i = 0; i < n; ++i) y[i] = x[i] > 0 ? x[i] : Scalar(0);
  }
  template <class Scalar>
  static void backward(Index n, const Scalar* x, const Scalar*, const Scalar* dy, Scalar* dx) {
    for (Index i = 0; i < n; ++i) dx[i] = x[i] > 0 ? dy[i] : Scalar(0);
  }
};

/// First, between two Linears, twice in a row, last.
template <class A>
using Chained = Network<Features<20>, A, Linear<50>, A, Linear<3>, A, A, Linear<17>, A>;

template <class A>
bvae::testing::LayerGradientCheck check_chain(Index samples, const bvae::testing::GradientCheckOptions& options) {
  return bvae::testing::check_layers<Features<20>, A, Linear<50>, A, Linear<3>, A, A, Linear<17>, A>(Seed{2}, samples,
                                                                                                     0.01, options);
}

template <class Net, class Other, class Scalar>
void check_same(bool with_input_delta) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const Index samples : {1, 17, 70}) {
      const Results<Scalar> one = train<Net, Scalar>(2, samples, 70, with_input_delta);
      const Results<Scalar> other = train<Other, Scalar>(1, samples, 70, with_input_delta);
      INFO(name(isa) << ", samples " << samples);
      CHECK(same_bits(view(one.outputs), view(other.outputs)));
      CHECK(same_bits(view(one.evaluated), view(other.evaluated)));
      CHECK(same_bits(view(one.input_delta), view(other.input_delta)));
      CHECK(same_bits(view(one.gradient), view(other.gradient)));
      CHECK(same_bits(view(one.state), view(other.state)));
      CHECK(same_bits(view(one.squares), view(other.squares)));
    }
  }
}

template <class A, class Scalar>
struct TakenAlong {
  static void check() {
    static_assert(Chained<A>::template kTakesNext<1> && Chained<A>::template kTakesPrevious<1>);
    static_assert(!Chained<Alone<A>>::template kTakesNext<1> && !Chained<Alone<A>>::template kTakesPrevious<1>);
    check_same<Chained<A>, Chained<Alone<A>>, Scalar>(true);
    check_same<Chained<A>, Chained<Alone<A>>, Scalar>(false);
  }
};

}  // namespace

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
  CHECK(same_bits(view(p), view(again)));
  static_assert(Two::kParameters == 2 * 272);  // one panel each: 256 weights, 16 biases
  CHECK_FALSE(std::equal(p.begin(), p.begin() + 272, p.begin() + 272));
  CHECK(std::equal(later.begin(), later.begin() + 272, p.begin() + 272));  // layer 0 of the one is layer 1 of the other
}

TEST_CASE("Network: gradient tasks cover every row of every layer exactly once", "[network]") {
  const std::array<Index, 5> rows{1, 0, 112, 113, 784};
  std::array<std::vector<int>, 5> seen;
  for (std::size_t i = 0; i < 5; ++i) seen[i].resize(static_cast<std::size_t>(rows[i]));
  for (const GradientTask& task : Wide::gradient_tasks()) {
    CHECK(task.count >= 1);
    CHECK(task.count <= 48);
    CHECK(task.first % 16 == 0);  // whole panels
    for (Index r = task.first; r < task.first + task.count; ++r)
      ++seen.at(static_cast<std::size_t>(task.layer)).at(static_cast<std::size_t>(r));
  }
  for (const std::vector<int>& layer : seen)
    for (const int times : layer) REQUIRE(times == 1);
}

TEST_CASE("Network: a task's sum of squares is that of what it wrote", "[network]") {
  const Results<double> r = train<Pictures, double>(1, 9, 9, true);
  double sum = 0, squares = 0;
  for (const double g : r.gradient) sum += g * g;
  for (const double s : r.squares) squares += s;
  CHECK(sum > 0);
  CHECK(squares == Approx(sum).epsilon(1e-12));
}

TEST_CASE("Network: a task writes its range of the gradient, all ranges together the whole, none a value of another",
          "[network]") {
  constexpr Index kSamples = 5;
  static_assert(Wide::kGradientsAreProducts);
  bvae::Arena<float> x(5 * kSamples), p(static_cast<std::size_t>(Wide::kParameters));
  Wide::initialize(p.data(), Seed{1}, 0);
  RandomStream(Seed{2}, Stream::kUser).normal(0, std::span<float>(x));
  const Wide::Activations<float> a(kSamples, x.data(), nullptr);
  const Pass pass(Mode::kTraining, {}, kSamples);
  Wide::forward(pass, p.data(), static_cast<float*>(nullptr), a);
  RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<float>(a.output_delta(), 784 * kSamples));
  Wide::backward(pass, p.data(), a);
  std::vector<int> written(p.size());
  for (const GradientTask& task : Wide::gradient_tasks()) {
    INFO("layer " << task.layer << ", rows from " << task.first);
    bvae::Arena<float> gradient(p.size(), std::numeric_limits<float>::quiet_NaN());
    const double squares = Wide::gradient(task, kSamples, p.data(), a, gradient.data());
    const bvae::GradientRange range = Wide::gradient_range(task);
    REQUIRE(range.first >= 0);
    REQUIRE(range.first + range.count <= Wide::kParameters);
    double sum = 0;
    bool right = true;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const bool inside = static_cast<Index>(i) >= range.first && static_cast<Index>(i) < range.first + range.count;
      right = right && std::isfinite(gradient[i]) == inside;
      if (!inside) continue;
      ++written[i];
      sum += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    }
    CHECK(right);
    CHECK(squares == Approx(sum).epsilon(1e-6));
    std::vector<float> own(static_cast<std::size_t>(range.count), std::numeric_limits<float>::quiet_NaN());
    CHECK(Wide::gradient_to(task, kSamples, a, own.data()) == squares);
    CHECK(std::equal(own.begin(), own.end(), gradient.begin() + range.first));
  }
  CHECK(written == std::vector<int>(written.size(), 1));
}

TEST_CASE("Network: gradients are products if every layer's gradient is one", "[network]") {
  static_assert(Network<Features<3>>::kGradientsAreProducts);
  static_assert(Pictures::kGradientsAreProducts);
  static_assert(Network<Features<3>, ReLU, Linear<2>, bvae::SiLU>::kGradientsAreProducts);
  static_assert(!Centered::kGradientsAreProducts);
  static_assert(!Network<Features<3>, Linear<2>, Center>::kGradientsAreProducts);
  SUCCEED();
}

TEST_CASE("Network: the squares of inputs and of gradients at the outputs bound the squared norm of a layer's gradient",
          "[network]") {
  using Net = Network<Features<6>, Linear<20>, ReLU, Linear<4>>;
  for (const Index samples : {1, 3, 40}) {
    bvae::Arena<double> x(static_cast<std::size_t>(6 * samples)), p(static_cast<std::size_t>(Net::kParameters));
    Net::initialize(p.data(), Seed{1}, 0);
    RandomStream(Seed{2}, Stream::kUser).normal(0, std::span<double>(x));
    for (const double scale : {1.0, 1e-3}) {  // small inputs: the bias has the largest gradient
      for (double& v : x) v *= scale;
      const Net::Activations<double> a(samples, x.data(), nullptr);
      const Pass pass(Mode::kTraining, {}, samples);
      Net::forward(pass, p.data(), static_cast<double*>(nullptr), a);
      std::fill_n(a.output_delta(), 4 * samples, 0.5);
      Net::backward(pass, p.data(), a);
      std::array<double, 6> sums{};
      for (Index first = 0; first < samples; first += 17) {
        std::array<double, 6> part{-1, -1, -1, -1, -1, -1};
        Net::squares(Shard{.first = first, .count = std::min(Index{17}, samples - first)}, a, part.data());
        CHECK(part[2] == -1);  // ReLU has no parameters
        CHECK(part[3] == -1);
        for (std::size_t i = 0; i < 6; ++i) sums[i] += part[i];
      }
      double inputs = static_cast<double>(samples);
      for (const double v : x) inputs += v * v;
      CHECK(sums[0] == Approx(inputs).epsilon(1e-12));
      CHECK(sums[5] == Approx(static_cast<double>(samples)).epsilon(1e-12));  // 4 times 0.5^2 each
      std::vector<double> gradient(p.size());
      std::array<double, 3> norms{};
      for (const GradientTask& task : Net::gradient_tasks())
        norms[static_cast<std::size_t>(task.layer)] += Net::gradient(task, samples, p.data(), a, gradient.data());
      for (const std::size_t layer : {std::size_t{0}, std::size_t{2}}) {
        INFO("layer " << layer << ", samples " << samples << ", scale " << scale);
        CHECK(norms[layer] > 0);
        CHECK(norms[layer] <= sums[2 * layer] * sums[2 * layer + 1] * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("Network: where a layer takes an activation along, values or gradients are one array", "[network]") {
  using Net = Network<Features<3>, ReLU, Linear<4>, ReLU, ReLU, Linear<2>, ReLU>;
  static_assert(!Net::kTakesNext<-1> && !Net::kTakesNext<0> && Net::kTakesNext<1> && !Net::kTakesNext<2> &&
                !Net::kTakesNext<3> && Net::kTakesNext<4> && !Net::kTakesNext<5>);
  static_assert(!Net::kTakesPrevious<0> && Net::kTakesPrevious<1> && !Net::kTakesPrevious<2> &&
                !Net::kTakesPrevious<3> && Net::kTakesPrevious<4> && !Net::kTakesPrevious<5> &&
                !Net::kTakesPrevious<6>);
  bvae::Arena<float> x(6), dx(6);
  const Net::Activations<float> a(2, x.data(), dx.data());
  CHECK(a.value(1) != a.value(0));
  CHECK(a.delta(1) == a.delta(0));  // Linear gives ReLU's gradient
  CHECK(a.value(3) == a.value(2));
  CHECK(a.delta(3) != a.delta(2));
  CHECK(a.value(4) != a.value(3));
  CHECK(a.delta(4) == a.delta(3));
  CHECK(a.value(6) == a.value(5));
  CHECK(a.delta(6) != a.delta(5));
  // Not across another layer, and not if the derivative needs the activation's input.
  using Apart = Network<Image<1, 2, 2>, ReLU, Flatten, Linear<4>, bvae::SiLU, Linear<3>, Center, ReLU>;
  static_assert(!Apart::kTakesPrevious<2> && !Apart::kTakesNext<2> && !Apart::kTakesPrevious<4> &&
                !Apart::kTakesNext<4> && !Apart::kTakesNext<5>);
}

TEMPLATE_PRODUCT_TEST_CASE("Network: an activation taken along gives the bits of one by itself", "[network]",
                           TakenAlong,
                           ((ReLU, float), (ReLU, double), (bvae::LeakyReLU, float), (bvae::LeakyReLU, double),
                            (Tanh, float), (Tanh, double), (bvae::Sigmoid, float), (bvae::Sigmoid, double),
                            (bvae::ELU, float), (bvae::ELU, double))) {
  TestType::check();
}

TEST_CASE("Network: a user's ReLU, which no layer takes along, gives the bits of ours", "[network]") {
  check_same<Chained<ReLU>, Chained<UserReLU>, float>(false);
  check_same<Chained<ReLU>, Chained<UserReLU>, double>(true);
  check_same<Network<Features<20>, Linear<33>, ReLU, Center, ReLU, Linear<5>>,
             Network<Features<20>, Linear<33>, UserReLU, Center, UserReLU, Linear<5>>, float>(true);
}

TEST_CASE("Network: gradients through activations taken along are right to 1e-8", "[network][gradient]") {
  constexpr bvae::testing::GradientCheckOptions kAtKinks{.step = 2e-6, .max_coordinates = 3000};
  constexpr bvae::testing::GradientCheckOptions kSmooth{.max_coordinates = 3000};
  const auto check = []<class A>(A, const bvae::testing::GradientCheckOptions& options) {
    for (const Index samples : {3, 20}) {
      const auto result = check_chain<A>(samples, options);
      INFO(samples << " samples: input " << result.input.relative_error << ", parameters "
                   << result.parameters.relative_error);
      CHECK(result.relative_error() <= 1e-8);
    }
  };
  check(ReLU{}, kAtKinks);
  check(bvae::LeakyReLU{}, kAtKinks);
  check(bvae::ELU{}, kAtKinks);
  check(bvae::BasicELU<std::ratio<3, 2>>{}, kAtKinks);
  check(Tanh{}, kSmooth);
  check(bvae::Sigmoid{}, kSmooth);
}

TEST_CASE("Network: gradients are right, whole batch layers included", "[network]") {
  CHECK(
      (bvae::testing::check_layers<Image<2, 3, 2>, Flatten, Linear<5>, Tanh, Linear<4>>(Seed{1}, 3).relative_error()) <
      1e-8);
  for (const Index samples : {1, 3, 20, 70}) {
    INFO("samples " << samples);
    CHECK((bvae::testing::check_layers<Features<5>, Center>(Seed{2}, samples).relative_error()) < 1e-8);
    CHECK((bvae::testing::check_layers<Features<5>, Linear<7>, Center, Tanh, Linear<4>, Center, Linear<3>>(Seed{3},
                                                                                                           samples)
               .relative_error()) < 1e-8);
  }
}

TEMPLATE_TEST_CASE("Network: 1, 2, 3 and 4 threads give the same bits", "[network][threads]", float, double) {
  check_thread_counts<Pictures, TestType>(true);
  check_thread_counts<Pictures, TestType>(false);
}

TEMPLATE_TEST_CASE("Network: layers that need the whole batch give the same bits for 1, 2, 3 and 4 threads",
                   "[network][threads]", float, double) {
  check_thread_counts<Centered, TestType>(true);
  check_thread_counts<Network<Features<20>, Center, Linear<6>, Center>, TestType>(false);
}

TEST_CASE("Network: a whole batch layer centers the batch, and in evaluation uses its state", "[network]") {
  using Net = Network<Features<2>, Center>;
  const Results<double> r = train<Net, double>(2, 70, 70, true);
  const ConstView<double> trained(r.outputs.data(), 2, 70), evaluated(r.evaluated.data(), 2, 70);
  CHECK(trained.rowwise().mean().cwiseAbs().maxCoeff() < 1e-12);
  CHECK(evaluated.rowwise().mean().cwiseAbs().minCoeff() > 1e-3);
  CHECK(r.state[0] != 0.25);  // where initialize_state put it
  CHECK(std::abs(r.state[0]) < 0.25);
}

TEST_CASE("Network: a batch smaller than the workspace gives the same bits as in a workspace of its size",
          "[network]") {
  for (const Index samples : {1, 7, 16, 40}) {
    const Results<float> own = train<Centered, float>(2, samples, samples, true);
    const Results<float> large = train<Centered, float>(2, samples, 300, true);
    CHECK(same_bits(view(own.outputs), view(large.outputs)));
    CHECK(same_bits(view(own.gradient), view(large.gradient)));
  }
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

TEST_CASE("Network: a value that is not finite is found in the layer that took its activation along", "[network]") {
  using Net = Network<Features<2>, Linear<20>, ReLU, Linear<3>>;
  bvae::Arena<float> x(8), p(static_cast<std::size_t>(Net::kParameters));
  Net::initialize(p.data(), Seed{}, 0);
  const Net::Activations<float> a(4, x.data(), nullptr, false);
  const auto run = [&] {
    Net::forward(Pass(Mode::kEvaluation, {}, 4), p.data(), static_cast<float*>(nullptr), a);
    return Net::first_non_finite(4, a);
  };
  CHECK(run() == -1);
  float& bias = bvae_test::at(p, Net::parameter_tensors("", 0)[1], 18);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    bias = bad;
    CHECK(run() == 0);
  }
  bias = -std::numeric_limits<float>::infinity();  // ReLU makes it 0
  CHECK(run() == -1);
  bias = 0;
  bvae_test::at(p, Net::parameter_tensors("", 0)[3], 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK(run() == 2);
}

TEST_CASE("Network: a model with whole batch layers trains to the same bits for 1, 2, 3 and 4 threads",
          "[network][threads]") {
  using Model = bvae::Vae<Features<12>, bvae::Encoder<Linear<16>, Center, Tanh>, bvae::Latent<3>,
                          bvae::Decoder<Linear<16>, Center, ReLU, Linear<12>>>;
  Matrix<float> values(12, 150);
  RandomStream(Seed{5}, Stream::kUser).normal(0, std::span<float>(values.data(), 12 * 150));
  const bvae::Dataset data(values);
  const auto run = [&](int threads) {
    Model model{Seed{6}};
    bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{.free_bits = 0.05}, bvae::Constant{0.5}, bvae::Adam{}};
    const bvae::History history = trainer.fit(data, data, {.epochs = 3, .batch_size = 64, .threads = threads});
    CHECK(history.epochs.back().train.objective < history.epochs.front().train.objective);
    return std::pair{model, history.epochs.back().validation->elbo()};
  };
  const auto [one, elbo] = run(1);
  CHECK(one.state().size() == 32);
  CHECK_FALSE(same_bits(view(one.state()), view(Model{Seed{6}}.state())));
  for (int threads = 2; threads <= 4; ++threads) {
    const auto [many, other_elbo] = run(threads);
    CHECK(same_bits(view(many.parameters()), view(one.parameters())));
    CHECK(same_bits(view(many.state()), view(one.state())));
    CHECK(other_elbo == elbo);
  }
  // Encoding is evaluation: a sample's code does not depend on its neighbours, and the state stays.
  const bvae::Arena<float> state = one.state();
  const Matrix<float> together = one.encode(values).mu;
  CHECK((one.encode(values.leftCols(1)).mu - together.leftCols(1)).cwiseAbs().maxCoeff() < 1e-5f);
  CHECK(same_bits(view(one.state()), view(state)));
}
