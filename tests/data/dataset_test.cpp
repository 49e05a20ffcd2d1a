#include "bvae/data/dataset.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using bvae::Dataset;
using bvae::ImageExtents;
using Eigen::MatrixXd;
using Eigen::MatrixXf;

namespace {

std::vector<std::uint8_t> counting(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

}  // namespace

TEST_CASE("Dataset: a byte is exactly the quotient by 255", "[data][dataset]") {
  const auto data = Dataset::from_bytes(counting(256), {.width = 1});
  CHECK(data.size() == 256);
  CHECK(data.features() == 1);
  CHECK(data.is_bytes());
  CHECK(data.minimum() == 0.0);
  CHECK(data.maximum() == 1.0);
  const MatrixXf floats = data.columns<float>(0, 256);
  const MatrixXd doubles = data.columns<double>(0, 256);
  for (int i = 0; i < 256; ++i) {
    CHECK(floats(0, i) == static_cast<float>(i) / 255.0f);
    CHECK(doubles(0, i) == i / 255.0);
  }
}

TEST_CASE("Dataset: one column of a matrix is one sample", "[data][dataset]") {
  MatrixXd matrix(3, 2);
  matrix << 1, 4,  //
      2, -5,       //
      3, 6;
  const Dataset data(matrix);
  CHECK(data.size() == 2);
  CHECK(data.features() == 3);
  CHECK(data.extents() == ImageExtents{1, 1, 3});
  CHECK(!data.is_bytes());
  CHECK(data.labels().empty());
  CHECK(data.minimum() == -5);
  CHECK(data.maximum() == 6);
  CHECK(data.columns<double>(0, 2) == matrix);
  CHECK(data.columns<float>(1, 1) == matrix.cast<float>().col(1));

  CHECK(Dataset(Eigen::Matrix<float, 2, 3, Eigen::RowMajor>{{1, 2, 3}, {4, 5, 6}}).columns<float>(1, 1)(1, 0) == 5);
  CHECK(Dataset(matrix.leftCols(1) * 2).columns<double>(0, 1) == 2 * matrix.col(0));  // any expression
  CHECK(Dataset(matrix.col(1)).size() == 1);
  const Dataset image(matrix, {.channels = 3}, {7, 8});
  CHECK(image.extents() == ImageExtents{3, 1, 1});
  CHECK(image.labels()[1] == 8);
}

TEST_CASE("Dataset: gather takes any samples in any order", "[data][dataset]") {
  const auto data = Dataset::from_bytes(counting(24), {.channels = 3, .height = 1, .width = 2});
  CHECK(data.size() == 4);
  CHECK(data.features() == 6);
  const std::vector<std::uint32_t> samples{3, 0, 3};
  MatrixXd out(6, 3);
  data.gather(std::span(samples), out.data());
  CHECK(out.col(0) == data.columns<double>(3, 1));
  CHECK(out.col(1) == data.columns<double>(0, 1));
  CHECK(out.col(2) == out.col(0));
  CHECK(out(2, 0) == 20 / 255.0);
  data.gather(std::span<const std::uint32_t>(), out.data());

  const std::vector<std::uint32_t> beyond{0, 4};
  out.setConstant(-1);
  CHECK_THROWS_AS(data.gather(std::span(beyond), out.data()), std::out_of_range);
  CHECK_THROWS_WITH(data.gather(std::span(beyond), out.data()), ContainsSubstring("sample 4 of 4"));
  CHECK(out == MatrixXd::Constant(6, 3, -1));
}

TEST_CASE("Dataset: many threads may gather at once", "[data][dataset]") {
  const auto data = Dataset::from_bytes(counting(1000), {.width = 10});
  std::vector<MatrixXf> out(4, MatrixXf(10, 100));
  std::vector<std::thread> threads;
  for (auto& matrix : out) {
    threads.emplace_back([&] {
      for (std::uint32_t i = 0; i < 100; ++i) data.gather(std::span(&i, 1), matrix.data() + 10 * i);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& matrix : out) CHECK(matrix == data.columns<float>(0, 100));
}

TEST_CASE("Dataset: a slice is a data set of its own, with its labels and bounds", "[data][dataset]") {
  const auto data = Dataset::from_bytes(counting(12), {.height = 3, .width = 1}, {4, 5, 6, 7});
  const Dataset middle = data.slice(1, 2);
  CHECK(middle.size() == 2);
  CHECK(middle.extents() == data.extents());
  CHECK(middle.is_bytes());
  CHECK(std::vector<std::uint8_t>(middle.labels().begin(), middle.labels().end()) == std::vector<std::uint8_t>{5, 6});
  CHECK(middle.minimum() == 3 / 255.0);
  CHECK(middle.maximum() == 8 / 255.0);
  CHECK(middle.columns<float>(0, 2) == data.columns<float>(1, 2));
  CHECK(data.slice(0, 4).columns<float>(0, 4) == data.columns<float>(0, 4));
  CHECK(Dataset(MatrixXf::Ones(2, 3)).slice(2, 1).labels().empty());

  constexpr Eigen::Index kMost = std::numeric_limits<Eigen::Index>::max();
  for (const auto& [first, count] : std::vector<std::pair<Eigen::Index, Eigen::Index>>{
           {-1, 1}, {0, 0}, {0, 5}, {4, 1}, {3, 2}, {0, -1}, {1, kMost}, {kMost, 1}, {kMost, kMost}}) {
    CHECK_THROWS_AS(data.slice(first, count), std::out_of_range);
    CHECK_THROWS_AS(data.columns<float>(first, count), std::out_of_range);
  }
}

TEST_CASE("Dataset: refuses to be empty", "[data][dataset]") {
  CHECK_THROWS_WITH(Dataset(MatrixXf(0, 0)), ContainsSubstring("no sample"));
  CHECK_THROWS_WITH(Dataset(MatrixXf(3, 0)), ContainsSubstring("no sample"));
  CHECK_THROWS_WITH(Dataset(MatrixXf(0, 3)), ContainsSubstring("no sample"));
  CHECK_THROWS_AS(Dataset::from_bytes({}, {.width = 2}), std::invalid_argument);
  CHECK_THROWS_AS(Dataset::from_values(std::vector<float>{}, {}), std::invalid_argument);
}

TEST_CASE("Dataset: refuses values that are not finite and names the first", "[data][dataset]") {
  MatrixXf matrix = MatrixXf::Zero(3, 4);
  matrix(1, 2) = std::numeric_limits<float>::quiet_NaN();
  matrix(0, 3) = 1;
  CHECK_THROWS_AS(Dataset(matrix), std::invalid_argument);
  CHECK_THROWS_WITH(Dataset(matrix), ContainsSubstring("sample 2, feature 1 is nan"));
  matrix(1, 2) = -std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(Dataset(matrix), ContainsSubstring("sample 2, feature 1 is -inf"));
}

TEST_CASE("Dataset: refuses extents and labels that disagree", "[data][dataset]") {
  const MatrixXf matrix = MatrixXf::Zero(6, 4);
  CHECK_THROWS_WITH(Dataset(matrix, {.channels = 1, .height = 2, .width = 2}),
                    ContainsSubstring("1 x 2 x 2") && ContainsSubstring("6 features"));
  CHECK_NOTHROW(Dataset(matrix, {.channels = 1, .height = 2, .width = 3}));
  CHECK_THROWS_WITH(Dataset(matrix, {.width = 6}, {1, 2, 3}), ContainsSubstring("3 labels for 4 samples"));
  CHECK_THROWS_WITH(Dataset::from_bytes(counting(7), {.width = 3}),
                    ContainsSubstring("7 values are not whole samples of 3"));
  for (const ImageExtents extents : {ImageExtents{0, 1, 1}, ImageExtents{1, -1, 1}, ImageExtents{-1, -2, 3}}) {
    CHECK_THROWS_AS(Dataset::from_bytes(counting(6), extents), std::invalid_argument);
  }
  constexpr Eigen::Index kLarge = Eigen::Index{1} << 32;
  CHECK_THROWS_AS(Dataset::from_bytes(counting(6), {kLarge, kLarge, 1}), std::invalid_argument);
  CHECK_THROWS_AS(Dataset::from_bytes(counting(6), {kLarge, 1, kLarge}), std::invalid_argument);
}

TEST_CASE("Dataset: doubles beyond the largest float are not turned into infinities", "[data][dataset]") {
  const Dataset data(MatrixXd::Constant(1, 1, -1e300));
  CHECK(data.columns<double>(0, 1)(0, 0) == -1e300);
  CHECK_THROWS_AS(data.columns<float>(0, 1), std::range_error);
  const std::uint32_t sample = 0;
  float out = 3;
  CHECK_THROWS_AS(data.gather(std::span(&sample, 1), &out), std::range_error);
  CHECK(out == 3);
}
