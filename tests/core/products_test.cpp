#include "bvae/core/products.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include "bvae/core/batch.hpp"
#include "bvae/core/random.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

using bvae::Index;
namespace products = bvae::products;

namespace {

template <class Scalar>
std::vector<Scalar> numbers(Index count, std::uint64_t seed) {
  std::vector<Scalar> values(static_cast<std::size_t>(count));
  bvae::RandomStream(bvae::Seed{seed}, bvae::Stream::kUser).uniform(0, std::span<Scalar>(values));
  for (Scalar& v : values) v = 2 * v - 1;
  return values;
}

// One set of operands with plain loops as the oracle.
template <class Scalar>
struct Problem {
  Index outputs, inputs, samples;
  std::vector<Scalar> w = numbers<Scalar>(outputs * inputs, 1);
  std::vector<Scalar> bias = numbers<Scalar>(outputs, 2);
  std::vector<Scalar> x = numbers<Scalar>(inputs * samples, 3);
  std::vector<Scalar> dy = numbers<Scalar>(outputs * samples, 4);
  bvae::TensorInfo weight = bvae::TensorInfo::weight_in_panels("weight", outputs, inputs);
  bvae::TensorInfo bias_info = bvae::TensorInfo::bias_in_panels("bias", outputs, inputs);
  bvae::Arena<Scalar> panels = make_panels();

  bvae::Arena<Scalar> make_panels() const {
    bvae::Arena<Scalar> memory(static_cast<std::size_t>(weight.stored_size()));
    bvae::set_values<Scalar>(weight, memory.data(), w);
    bvae::set_values<Scalar>(bias_info, memory.data() + bias_info.begin, bias);
    return memory;
  }
  double W(Index o, Index i) const { return static_cast<double>(w[static_cast<std::size_t>(o * inputs + i)]); }
  double X(Index i, Index s) const { return static_cast<double>(x[static_cast<std::size_t>(s * inputs + i)]); }
  double D(Index o, Index s) const { return static_cast<double>(dy[static_cast<std::size_t>(s * outputs + o)]); }

  // The largest error against a sum of `depth` terms of at most 1, in units of what rounding explains.
  template <class Term>
  static double error(Scalar got, Index depth, double start, Term term) {
    double sum = start;
    for (Index k = 0; k < depth; ++k) sum += term(k);
    const double rounding =
        static_cast<double>(std::numeric_limits<Scalar>::epsilon()) * (4 + static_cast<double>(depth));
    return std::abs(static_cast<double>(got) - sum) / rounding;
  }

  double forward_error() const {
    std::vector<Scalar> y(static_cast<std::size_t>(outputs * samples) + 1, Scalar(123));
    products::weights_times_inputs(outputs, inputs, samples, panels.data(), x.data(), y.data());
    double worst = y.back() == Scalar(123) ? 0 : 1e9;
    for (Index s = 0; s < samples; ++s)
      for (Index o = 0; o < outputs; ++o)
        worst = std::max(worst, error(y[static_cast<std::size_t>(s * outputs + o)], inputs,
                                      static_cast<double>(bias[static_cast<std::size_t>(o)]),
                                      [&](Index i) { return W(o, i) * X(i, s); }));
    return worst;
  }
  double deltas_error() const {
    std::vector<Scalar> dx(static_cast<std::size_t>(inputs * samples) + 1, Scalar(123));
    products::weights_times_deltas(outputs, inputs, samples, panels.data(), dy.data(), dx.data());
    double worst = dx.back() == Scalar(123) ? 0 : 1e9;
    for (Index s = 0; s < samples; ++s)
      for (Index i = 0; i < inputs; ++i)
        worst = std::max(worst, error(dx[static_cast<std::size_t>(s * inputs + i)], outputs, 0,
                                      [&](Index o) { return W(o, i) * D(o, s); }));
    return worst;
  }
  // For the panels of some outputs; the others must stay as they are.
  double gradient_error() const {
    const Index first = outputs / 3 / 16 * 16;
    const Index count = outputs - first > 16 ? (outputs - first) / 16 * 16 : outputs - first;
    bvae::Arena<Scalar> dw(panels.size(), Scalar(123));
    products::inputs_times_deltas(outputs, inputs, samples, x.data(), dy.data(), first, count,
                                  dw.data() + weight.position(first));
    double worst = 0;
    for (Index o = 0; o < (outputs + 15) / 16 * 16; ++o) {
      const bool touched = o >= first && o < (first + count + 15) / 16 * 16;
      for (Index i = 0; i <= inputs; ++i) {  // the last one is the bias
        const Scalar got = dw[static_cast<std::size_t>(weight.position(o, i))];
        if (!touched) {
          if (got != Scalar(123)) worst = 1e9;
        } else if (o >= outputs) {
          if (got != Scalar(0)) worst = 1e9;
        } else if (i == inputs) {
          worst = std::max(worst, error(got, samples, 0, [&](Index s) { return D(o, s); }));
        } else {
          worst = std::max(worst, error(got, samples, 0, [&](Index s) { return X(i, s) * D(o, s); }));
        }
      }
    }
    return worst;
  }
};

template <class Scalar>
void check(Index outputs, Index inputs, Index samples) {
  const Problem<Scalar> problem{outputs, inputs, samples};
  INFO("outputs " << outputs << ", inputs " << inputs << ", samples " << samples);
  REQUIRE(problem.forward_error() < 1);
  REQUIRE(problem.deltas_error() < 1);
  REQUIRE(problem.gradient_error() < 1);
}

}  // namespace

TEMPLATE_TEST_CASE("products: equal plain loops for odd and even sizes", "[core][products]", float, double) {
  const Index sizes[] = {1, 2, 3, 15, 16, 17, 47, 48, 49, 100, 784};
  for (const Index outputs : sizes)
    for (const Index inputs : sizes)
      for (const Index samples : sizes)
        if (outputs * inputs * samples <= 300000) check<TestType>(outputs, inputs, samples);
}

TEMPLATE_TEST_CASE("products: equal plain loops beyond every block size", "[core][products]", float, double) {
  check<TestType>(100, 784, 49);
  check<TestType>(784, 100, 17);
  check<TestType>(17, 15, 784);
  for (const Index deep : {1023, 1024, 1025, 2049, 2500}) {  // the summed axis in several blocks
    check<TestType>(3, deep, 5);
    check<TestType>(deep, 3, 5);
    check<TestType>(3, 5, deep);
  }
}

TEMPLATE_TEST_CASE("products: old content of the result does not matter", "[core][products]", float, double) {
  const Problem<TestType> p{5, 7, 3};
  const TestType nan = std::numeric_limits<TestType>::quiet_NaN();
  for (const Index samples : {1, 3}) {
    std::vector<TestType> y(15, nan), dx(21, nan);
    bvae::Arena<TestType> dw(p.panels.size(), nan);
    products::weights_times_inputs<products::Activation::kIdentity, TestType>(5, 7, samples, p.panels.data(),
                                                                              p.x.data(), y.data());
    products::weights_times_deltas<products::Activation::kIdentity, TestType>(5, 7, samples, p.panels.data(),
                                                                              p.dy.data(), dx.data());
    products::inputs_times_deltas<TestType>(5, 7, samples, p.x.data(), p.dy.data(), 0, 5, dw.data());
    for (Index i = 0; i < 5 * samples; ++i) REQUIRE(std::isfinite(y[static_cast<std::size_t>(i)]));
    for (Index i = 0; i < 7 * samples; ++i) REQUIRE(std::isfinite(dx[static_cast<std::size_t>(i)]));
    for (const TestType v : dw) REQUIRE(std::isfinite(v));
  }
}

TEMPLATE_TEST_CASE("products: panels of the gradient in parts have the bits of the whole", "[core][products]", float,
                   double) {
  for (const Index outputs : {48, 100, 400, 784})
    for (const Index samples : {1, 2, 17, 100, 128, 600}) {
      const Index inputs = 49;
      const Problem<TestType> p{outputs, inputs, samples};
      bvae::Arena<TestType> whole(p.panels.size()), parts(p.panels.size());
      products::inputs_times_deltas(outputs, inputs, samples, p.x.data(), p.dy.data(), 0, outputs, whole.data());
      for (const Index part : {16, 48, 112}) {
        for (Index first = 0; first < outputs; first += part)
          products::inputs_times_deltas(outputs, inputs, samples, p.x.data(), p.dy.data(), first,
                                        std::min(part, outputs - first), parts.data() + p.weight.position(first));
        INFO("outputs " << outputs << ", samples " << samples << ", parts of " << part);
        CHECK(parts == whole);
      }
    }
}

// What README and the documentation promise: the order of every sum.
TEST_CASE("products: every element is one chain of fused multiply-adds", "[core][products]") {
  for (const bvae::Isa isa : bvae_test::fused_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    const Problem<float> p{37, 1500, 53};
    std::vector<float> y(37 * 53), dx(1500 * 53);
    bvae::Arena<float> dw(p.panels.size());
    products::weights_times_inputs<products::Activation::kIdentity, float>(37, 1500, 53, p.panels.data(), p.x.data(),
                                                                           y.data());
    products::weights_times_deltas<products::Activation::kIdentity, float>(37, 1500, 53, p.panels.data(), p.dy.data(),
                                                                           dx.data());
    products::inputs_times_deltas<float>(37, 1500, 53, p.x.data(), p.dy.data(), 0, 37, dw.data());
    bool same = true;
    for (std::size_t s = 0; s < 53; ++s)
      for (std::size_t o = 0; o < 37; ++o) {
        float sum = p.bias[o];
        for (std::size_t i = 0; i < 1500; ++i) sum = std::fma(p.w[o * 1500 + i], p.x[s * 1500 + i], sum);
        same = same && sum == y[s * 37 + o];
      }
    CHECK(same);
    for (std::size_t s = 0; s < 53; ++s)
      for (std::size_t i = 0; i < 1500; ++i) {
        float sum = 0;
        for (std::size_t o = 0; o < 37; ++o) sum = std::fma(p.w[o * 1500 + i], p.dy[s * 37 + o], sum);
        same = same && sum == dx[s * 1500 + i];
      }
    CHECK(same);
    for (std::size_t o = 0; o < 37; ++o) {
      float bias = 0;
      for (std::size_t s = 0; s < 53; ++s) bias += p.dy[s * 37 + o];
      same = same && bias == dw[static_cast<std::size_t>(p.weight.position(static_cast<Index>(o), 1500))];
      for (std::size_t i = 0; i < 1500; ++i) {
        float sum = 0;
        for (std::size_t s = 0; s < 53; ++s) sum = std::fma(p.dy[s * 37 + o], p.x[s * 1500 + i], sum);
        same = same &&
               sum == dw[static_cast<std::size_t>(p.weight.position(static_cast<Index>(o), static_cast<Index>(i)))];
      }
    }
    CHECK(same);
  }
}

TEMPLATE_TEST_CASE("products: an activation taken along gives the bits of one after", "[core][products]", float,
                   double) {
  const Problem<TestType> p{40, 50, 21};
  std::vector<TestType> plain(840), y(840), dx(1050), dx_plain(1050), expected(1050);
  constexpr auto kLeaky = products::Activation::kLeakyReLU;
  products::weights_times_inputs(40, 50, 21, p.panels.data(), p.x.data(), plain.data());
  products::weights_times_inputs<kLeaky>(40, 50, 21, p.panels.data(), p.x.data(), y.data(), TestType(0.25));
  for (TestType& v : plain) v = v > 0 ? v : v * TestType(0.25);
  CHECK(y == plain);
  products::weights_times_deltas(40, 50, 21, p.panels.data(), p.dy.data(), dx_plain.data());
  products::weights_times_deltas<kLeaky>(40, 50, 21, p.panels.data(), p.dy.data(), dx.data(), p.x.data(),
                                         TestType(0.25));
  for (std::size_t i = 0; i < dx.size(); ++i) dx_plain[i] = p.x[i] > 0 ? dx_plain[i] : dx_plain[i] * TestType(0.25);
  CHECK(dx == dx_plain);
}

TEMPLATE_TEST_CASE("products: the samples of each member of a team have the bits of the whole batch",
                   "[core][products]", float, double) {
  const Index sizes[][2] = {{49, 100}, {400, 79}, {17, 784}, {3, 1100}, {1100, 3}, {20, 1}};
  for (const auto& [outputs, inputs] : sizes)
    for (const Index samples : {1, 2, 7, 9, 16, 17, 31, 33, 40, 65, 100, 128, 129, 300}) {
      const Problem<TestType> p{outputs, inputs, samples};
      std::vector<TestType> y(static_cast<std::size_t>(outputs * samples)), y_parts(y);
      std::vector<TestType> dx(static_cast<std::size_t>(inputs * samples)), dx_parts(dx);
      products::weights_times_inputs(outputs, inputs, samples, p.panels.data(), p.x.data(), y.data());
      products::weights_times_deltas(outputs, inputs, samples, p.panels.data(), p.dy.data(), dx.data());
      for (const int team : {2, 3, 4, 16, 64}) {
        for (int rank = 0; rank < team; ++rank) {
          const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member(rank, team, nullptr), samples);
          const bvae::Shard s = pass.own_samples();
          if (s.count == 0) continue;
          products::weights_times_inputs(outputs, inputs, s.count, p.panels.data(), p.x.data() + s.first * inputs,
                                         y_parts.data() + s.first * outputs);
          products::weights_times_deltas(outputs, inputs, s.count, p.panels.data(), p.dy.data() + s.first * outputs,
                                         dx_parts.data() + s.first * inputs);
        }
        INFO("outputs " << outputs << ", inputs " << inputs << ", samples " << samples << ", team of " << team);
        CHECK(y_parts == y);
        CHECK(dx_parts == dx);
      }
    }
}

TEST_CASE("products: another thread, with packing memory of its own, gives the same bits", "[core][products]") {
  const Problem<float> p{100, 784, 33};
  std::vector<float> here(3300), there(3300);
  products::weights_times_inputs(100, 784, 33, p.panels.data(), p.x.data(), here.data());
  std::thread([&] { products::weights_times_inputs(100, 784, 33, p.panels.data(), p.x.data(), there.data()); }).join();
  CHECK(here == there);
}

TEST_CASE("products: NaN and infinity in the operands reach the result", "[core][products]") {
  for (const Index samples : {1, 4}) {
    Problem<float> p{6, 9, samples};
    p.x[3] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> y(static_cast<std::size_t>(6 * samples));
    bvae::Arena<float> dw(p.panels.size());
    products::weights_times_inputs(6, 9, samples, p.panels.data(), p.x.data(), y.data());
    products::inputs_times_deltas(6, 9, samples, p.x.data(), p.dy.data(), 0, 6, dw.data());
    for (Index o = 0; o < 6; ++o) {
      CHECK(std::isnan(y[static_cast<std::size_t>(o)]));
      CHECK(std::isnan(dw[static_cast<std::size_t>(p.weight.position(o, 3))]));
      CHECK(std::isfinite(dw[static_cast<std::size_t>(p.weight.position(o, 2))]));
    }
  }
}
