#include "bvae/layers/network.hpp"

#include <limits>
#include <ratio>

#include "bvae/layers/elu.hpp"
#include "bvae/layers/leaky_relu.hpp"
#include "bvae/layers/pointwise.hpp"
#include "bvae/layers/sigmoid.hpp"
#include "bvae/layers/silu.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"
#include "support/tensors.hpp"

using namespace bvae;
using harness::check_same_bits;
using harness::Results;
using harness::train;

namespace {

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
      check_same_bits(one, other);
    }
  }
}

template <class A, class Scalar>
struct TakenAlong {
  static void check() {
    static_assert(Chained<A>::template Place<1>::kTakesNext && Chained<A>::template Place<1>::kTakesPrevious);
    static_assert(!Chained<Alone<A>>::template Place<1>::kTakesNext &&
                  !Chained<Alone<A>>::template Place<1>::kTakesPrevious);
    check_same<Chained<A>, Chained<Alone<A>>, Scalar>(true);
    check_same<Chained<A>, Chained<Alone<A>>, Scalar>(false);
  }
};

}  // namespace

TEST_CASE("Network: where a layer takes an activation along, values or gradients are one array", "[network]") {
  using Net = Network<Features<3>, ReLU, Linear<4>, ReLU, ReLU, Linear<2>, ReLU>;
  static_assert(!Net::Place<-1>::kTakesNext && !Net::Place<0>::kTakesNext && Net::Place<1>::kTakesNext &&
                !Net::Place<2>::kTakesNext && !Net::Place<3>::kTakesNext && Net::Place<4>::kTakesNext &&
                !Net::Place<5>::kTakesNext);
  static_assert(!Net::Place<0>::kTakesPrevious && Net::Place<1>::kTakesPrevious && !Net::Place<2>::kTakesPrevious &&
                !Net::Place<3>::kTakesPrevious && Net::Place<4>::kTakesPrevious && !Net::Place<5>::kTakesPrevious &&
                !Net::Place<6>::kTakesPrevious);
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
  static_assert(!Apart::Place<2>::kTakesPrevious && !Apart::Place<2>::kTakesNext && !Apart::Place<4>::kTakesPrevious &&
                !Apart::Place<4>::kTakesNext && !Apart::Place<5>::kTakesNext);
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
