#include "bvae/layers/shared_log_sigma.hpp"

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "support/catch.hpp"

using namespace bvae;

TEST_CASE("SharedLogSigma: passes features and images through and appends its parameter, 0 at first", "[layers]") {
  using Net = Network<Features<3>, SharedLogSigma>;
  STATIC_REQUIRE(Net::Output::kSize == 4);
  STATIC_REQUIRE(kSharedOutputs<Net::Output> == 1);
  STATIC_REQUIRE(Network<Image<2, 3, 4>, SharedLogSigma>::Output::kSize == 25);
  Arena<double> parameters(static_cast<std::size_t>(Net::kParameters), 7.0);
  Net::initialize(parameters.data(), Seed{}, 0);
  CHECK(parameters[0] == 0);
  parameters[0] = -1.5;
  Arena<double> input{1, 2, 3, 4, 5, 6};
  const Net::Activations<double> a(2, input.data(), nullptr);
  Net::forward(Pass(Mode::kTraining, Member{}, 2), parameters.data(), static_cast<double*>(nullptr), a);
  const double expected[] = {1, 2, 3, -1.5, 4, 5, 6, -1.5};
  for (int i = 0; i < 8; ++i) CHECK(a.output()[i] == expected[i]);
}

TEST_CASE("SharedLogSigma: gradients are right to 1e-8", "[layers][gradient]") {
  for (const Index samples : {Index{3}, Index{5}, Index{20}}) {
    CHECK(testing::check_layers<Features<7>, Linear<5>, Sigmoid, SharedLogSigma>(Seed{7}, samples).relative_error() <=
          1e-8);
    CHECK(testing::check_layers<Image<2, 3, 2>, SharedLogSigma>(Seed{7}, samples).relative_error() <= 1e-8);
  }
}

TEST_CASE("SharedLogSigma: its gradient to memory of its own is the same, and within the bound of a product",
          "[layers]") {
  using Net = Network<Features<3>, SharedLogSigma>;
  STATIC_REQUIRE(Net::kGradientsAreProducts);
  constexpr Index kSamples = 5;
  Arena<float> input(15, 0.0F), input_delta(15), gradient(16, 9.0F), own(16, 9.0F);
  const Net::Activations<float> a(kSamples, input.data(), input_delta.data());
  for (int i = 0; i < 4 * kSamples; ++i) a.output_delta()[i] = i % 4 == 3 ? 2.0F : 0.0F;
  const auto tasks = Net::gradient_tasks();
  REQUIRE(tasks.size() == 1);
  CHECK(Net::gradient_range(tasks[0]).count == Net::kParameters);
  const double square = Net::gradient(tasks[0], kSamples, static_cast<const float*>(nullptr), a, gradient.data());
  CHECK(square == 100);
  CHECK(Net::gradient_to(tasks[0], kSamples, a, own.data()) == square);
  CHECK(gradient[0] == 10);
  for (std::size_t i = 1; i < 16; ++i) CHECK(gradient[i] == 0);
  CHECK(own == gradient);
  double squares[2];
  Net::squares({0, kSamples, 0}, a, squares);
  CHECK(square <= squares[0] * squares[1]);  // all equal and no input: the worst case
}
