#include "bvae/initializers/orthogonal.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bvae/layers/conv2d.hpp"
#include "bvae/layers/conv_transpose2d.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/network.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"
#include "support/tensors.hpp"

using bvae::Index;
using bvae::Matrix;

namespace {

template <class Scalar>
std::vector<Scalar> drawn(Index rows, Index columns, std::uint64_t seed = 1) {
  std::vector<Scalar> weights(static_cast<std::size_t>(rows * columns));
  bvae::Orthogonal::fill(std::span<Scalar>(weights), columns, rows,
                         bvae::RandomStream(bvae::Seed{seed}, bvae::Stream::kUser), 0);
  return weights;
}

/// The largest difference of W W^T (or W^T W) from I.
template <class Scalar>
double difference_from_identity(const std::vector<Scalar>& weights, Index rows, Index columns) {
  const Matrix<double> transposed =
      Eigen::Map<const Matrix<Scalar>>(weights.data(), columns, rows).template cast<double>();
  const Matrix<double> product = rows <= columns ? Matrix<double>(transposed.transpose() * transposed)
                                                 : Matrix<double>(transposed * transposed.transpose());
  return (product - Matrix<double>::Identity(product.rows(), product.cols())).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("Orthogonal: rows, or else columns, are orthonormal", "[initializers]") {
  for (const auto& [rows, columns] :
       {std::pair<Index, Index>{1, 1}, {1, 9}, {9, 1}, {5, 13}, {13, 5}, {100, 100}, {64, 300}}) {
    INFO(rows << " x " << columns);
    CHECK(difference_from_identity(drawn<double>(rows, columns), rows, columns) <= 2e-15);
    CHECK(difference_from_identity(drawn<float>(rows, columns), rows, columns) <= 5e-7);
  }
}

TEST_CASE("Orthogonal: from the same numbers it makes what PyTorch's orthogonal_ makes", "[initializers][pytorch]") {
  const oracle::Golden golden("layers.safetensors");
  const auto check = [&](const std::string& name, Index rows, Index columns) {
    INFO(name);
    std::vector<double> matrix(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = oracle::formula(110, Index(i));
    bvae::Orthogonal::orthonormalize(std::span<double>(matrix), rows, columns);
    const std::vector<double> expected = golden["Orthogonal." + name];
    CHECK(oracle::relative_error<double, double>(matrix, expected) <= 1e-13);
  };
  check("tall", 7, 4);
  check("wide", 4, 9);
  check("square", 20, 20);
}

TEST_CASE("Orthogonal: even rows that are almost the same become orthonormal", "[initializers]") {
  std::vector<double> matrix(6 * 8, 1.0);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] += 1e-9 * oracle::formula(3, Index(i));
  bvae::Orthogonal::orthonormalize(std::span<double>(matrix), 6, 8);
  CHECK(difference_from_identity(matrix, 6, 8) <= 2e-15);
}

TEST_CASE("Orthogonal: fixed by the seed; float and double start alike; convolutions have rows of outputs",
          "[initializers]") {
  CHECK(drawn<float>(5, 13) == drawn<float>(5, 13));
  CHECK(drawn<float>(5, 13) != drawn<float>(5, 13, 2));
  const std::vector<double> wide = drawn<double>(5, 13);
  const std::vector<float> narrow = drawn<float>(5, 13);
  for (std::size_t i = 0; i < wide.size(); ++i) CHECK(narrow[i] == Approx(wide[i]).margin(1e-6));
  // [8, 3, 2, 2]: fan_in 12, fan_out 32.
  std::vector<double> kernel(96);
  bvae::Orthogonal::fill(std::span<double>(kernel), 12, 32, bvae::RandomStream(bvae::Seed{1}, bvae::Stream::kUser), 0);
  CHECK(difference_from_identity(kernel, 8, 12) <= 2e-15);
}

TEST_CASE("Orthogonal: Linear begins with it", "[initializers][layers]") {
  using Net = bvae::Network<bvae::Features<40>, bvae::Linear<30, bvae::Orthogonal>>;
  bvae::Arena<double> p(static_cast<std::size_t>(Net::kParameters));
  Net::initialize(p.data(), bvae::Seed{1}, 0);
  const auto tensors = Net::parameter_tensors("", 0);
  const Matrix<double> w = bvae_test::matrix_of(p, tensors[0]);
  CHECK((w * w.transpose() - Matrix<double>::Identity(30, 30)).cwiseAbs().maxCoeff() <= 2e-15);
  CHECK(bvae_test::matrix_of(p, tensors[1]).cwiseAbs().maxCoeff() == 0);
}

TEST_CASE("Orthogonal: Conv2d and ConvTranspose2d begin with it, a row for each index of the weight's first axis",
          "[initializers][layers]") {
  const auto check = []<class Layer>(std::type_identity<Layer>, Index rows, Index columns) {
    using Net = bvae::Network<bvae::Image<5, 3, 3>, Layer>;
    bvae::Arena<double> p(static_cast<std::size_t>(Net::kParameters));
    Net::initialize(p.data(), bvae::Seed{1}, 0);
    const auto tensors = Net::parameter_tensors("", 0);
    const Matrix<double> w = bvae_test::matrix_of(p, tensors[0]);
    REQUIRE(w.rows() == rows);
    REQUIRE(w.cols() == columns);
    const Matrix<double> product =
        rows <= columns ? Matrix<double>(w * w.transpose()) : Matrix<double>(w.transpose() * w);
    CHECK((product - Matrix<double>::Identity(product.rows(), product.cols())).cwiseAbs().maxCoeff() <= 2e-15);
    CHECK(bvae_test::matrix_of(p, tensors[1]).cwiseAbs().maxCoeff() == 0);
  };
  check(std::type_identity<bvae::Conv2d<7, 2, 1, 0, bvae::Orthogonal>>{}, 7, 20);
  check(std::type_identity<bvae::Conv2d<30, 2, 1, 0, bvae::Orthogonal>>{}, 30, 20);
  check(std::type_identity<bvae::ConvTranspose2d<7, 2, 1, 0, 0, bvae::Orthogonal>>{}, 5, 28);
  check(std::type_identity<bvae::ConvTranspose2d<1, 2, 1, 0, 0, bvae::Orthogonal>>{}, 5, 4);
}
