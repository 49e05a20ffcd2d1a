#include "bvae/metrics/entropy_floor.hpp"

#include <cmath>
#include <stdexcept>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"
#include "training/harness.hpp"

using namespace bvae;

TEST_CASE("entropy_floor: is the entropy of the pixels, summed over features, mean over samples", "[metrics]") {
  Matrix<double> x(3, 2);
  x << 0, 0.5, 1, 0.25, 0.5, 0.1;
  // The entropies that are usually quoted.
  CHECK(entropy_floor(Dataset(x)) == Approx((2 * 0.6931471805599453 + 0.5623351446188083 + 0.3250829733914482) / 2));
  CHECK(entropy_floor(Dataset(Matrix<float>::Constant(784, 3, 0.5F))) == Approx(543.4273895589971).epsilon(1e-14));
  CHECK(entropy_floor(Dataset(Matrix<float>::Ones(784, 3))) == 0);
  CHECK_THROWS_AS(entropy_floor(Dataset(Matrix<float>::Constant(3, 3, 1.5F))), std::invalid_argument);
}

TEST_CASE("entropy_floor: no model's reconstruction is below it", "[metrics]") {
  const Dataset data = harness::bars(64);
  harness::Model model{Seed{1}};
  auto trainer = harness::trainer_of(model);
  trainer.fit(data, {.epochs = 40, .batch_size = 32});
  const double floor = entropy_floor(data);
  const double reconstruction = evaluate(model, data, Bernoulli{}).reconstruction;
  INFO(floor << " and " << reconstruction);
  CHECK(floor > 5);
  CHECK(reconstruction > floor);
  CHECK(reconstruction < 3 * floor);
}
