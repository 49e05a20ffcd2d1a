#include "bvae/kernels/normalization.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace kernels = bvae::kernels;
using bvae::kernels::Size;
using bvae_test::Guarded;

namespace {

// Whole numbers, so that sums are exact in any order.
template <class Values>
void fill_whole(Values& values, std::size_t seed) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::remove_reference_t<decltype(values[0])>>(static_cast<int>((i * 7 + seed) % 13) - 6);
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::row_sums, squared_deviations, deviation_products: read exactly their values", "[kernels]",
                   float, double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t count, bool at_end) {
        for (const std::size_t rows : {1U, 3U, 16U, 37U, 48U}) {
          Guarded<TestType> x(count, at_end), dy(count, at_end), center(rows, at_end);
          Guarded<double> wide(rows, at_end), sums(rows, at_end), products(rows, at_end), squares(rows, at_end);
          fill_whole(x, 1);
          fill_whole(dy, 2);
          fill_whole(center, 3);
          fill_whole(wide, 3);
          std::vector<double> sum(rows), square(rows), sum_dy(rows), product(rows);
          for (std::size_t i = 0; i < count; ++i) {
            const double d = double(x[i]) - wide[i % rows];
            sum[i % rows] += double(x[i]);
            square[i % rows] += d * d;
            sum_dy[i % rows] += double(dy[i]);
            product[i % rows] += double(dy[i]) * d;
          }
          const auto n = static_cast<Size>(count), r = static_cast<Size>(rows);
          kernels::row_sums<TestType>(r, n, x.data(), sums.data());
          REQUIRE(std::equal(sum.begin(), sum.end(), sums.data()));
          kernels::squared_deviations<TestType>(r, n, x.data(), wide.data(), squares.data());
          REQUIRE(std::equal(square.begin(), square.end(), squares.data()));
          kernels::deviation_products<TestType>(r, n, x.data(), center.data(), dy.data(), sums.data(), products.data());
          REQUIRE(std::equal(sum_dy.begin(), sum_dy.end(), sums.data()));
          REQUIRE(std::equal(product.begin(), product.end(), products.data()));
        }
      },
      {.dense = 50, .most = 160, .step = 23});
}

TEMPLATE_TEST_CASE("kernels::normalize and its gradients: write exactly their values", "[kernels]", float, double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t count, bool at_end) {
        const auto n = static_cast<Size>(count);
        Guarded<TestType> x(count, at_end), dy(count, at_end), y(count, at_end);
        fill_whole(x, 1);
        fill_whole(dy, 2);
        for (const std::size_t rows : {1U, 3U, 16U, 37U}) {
          Guarded<TestType> center(rows, at_end), scale(rows, at_end), offset(rows, at_end), slope(rows, at_end);
          fill_whole(center, 3);
          fill_whole(scale, 4);
          fill_whole(offset, 5);
          fill_whole(slope, 6);
          const auto r = static_cast<Size>(rows);
          kernels::normalize<TestType>(r, n, x.data(), center.data(), scale.data(), offset.data(), y.data());
          for (std::size_t i = 0; i < count; ++i)
            REQUIRE(y[i] == (x[i] - center[i % rows]) * scale[i % rows] + offset[i % rows]);
          kernels::normalize_backward<TestType>(r, n, x.data(), center.data(), dy.data(), scale.data(), offset.data(),
                                                slope.data(), y.data());
          for (std::size_t i = 0; i < count; ++i)
            REQUIRE(y[i] == dy[i] * scale[i % rows] + offset[i % rows] + (x[i] - center[i % rows]) * slope[i % rows]);
        }
        Guarded<TestType> weight(count, at_end), bias(count, at_end);
        Guarded<double> d_weight(count, at_end), d_bias(count, at_end);
        fill_whole(weight, 3);
        fill_whole(bias, 4);
        std::fill_n(d_weight.data(), count, 1.0);
        std::fill_n(d_bias.data(), count, 2.0);
        kernels::normalize_run<TestType>(n, x.data(), 2, 3, weight.data(), bias.data(), y.data());
        double sum = 0, product = 0, expected_sum = 0, expected_product = 0;
        kernels::normalize_run_sums<TestType>(n, x.data(), 2, 3, weight.data(), dy.data(), &sum, &product,
                                              d_weight.data(), d_bias.data());
        for (std::size_t i = 0; i < count; ++i) {
          REQUIRE(y[i] == (x[i] - 2) * 3 * weight[i] + bias[i]);
          expected_sum += double(dy[i] * weight[i]);
          expected_product += double(dy[i] * weight[i] * (x[i] - 2));
          REQUIRE(d_weight[i] == 1 + double(dy[i] * (x[i] - 2) * 3));
          REQUIRE(d_bias[i] == 2 + double(dy[i]));
        }
        REQUIRE(sum == expected_sum);
        REQUIRE(product == expected_product);
        kernels::normalize_run_backward<TestType>(n, x.data(), 2, 3, weight.data(), dy.data(), 4, 5, y.data());
        for (std::size_t i = 0; i < count; ++i) REQUIRE(y[i] == (dy[i] * weight[i] - 4 - (x[i] - 2) * 5) * 3);
        kernels::divide<TestType>(n, x.data(), 4, y.data());
        for (std::size_t i = 0; i < count; ++i) REQUIRE(y[i] == x[i] / 4);
      },
      {.dense = 40, .most = 150, .step = 37});
}

TEST_CASE("kernels::merge_moments: mean and squared deviations of the union", "[kernels]") {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const std::size_t parts : {1U, 2U, 5U}) {
      constexpr std::size_t kRows = 21, kSize = 8, kLast = 11;
      std::vector<double> sums(kRows * parts), squares(kRows * parts), mean(kRows), square(kRows);
      std::vector<std::vector<double>> all(kRows);
      for (std::size_t k = 0; k < parts; ++k)
        for (std::size_t r = 0; r < kRows; ++r) {
          const std::size_t size = k + 1 < parts ? kSize : kLast;
          std::vector<double> x(size);
          bvae_test::fill(x, 1.1 + static_cast<double>(r + 7 * k), 1, 100);
          for (const double v : x) sums[k * kRows + r] += v;
          for (const double v : x) squares[k * kRows + r] += std::pow(v - sums[k * kRows + r] / double(size), 2);
          all[r].insert(all[r].end(), x.begin(), x.end());
        }
      kernels::merge_moments(kRows, static_cast<Size>(parts), kRows, kSize, kLast, sums.data(), squares.data(),
                             mean.data(), square.data());
      for (std::size_t r = 0; r < kRows; ++r) {
        double sum = 0, deviations = 0;
        for (const double v : all[r]) sum += v;
        for (const double v : all[r]) deviations += std::pow(v - sum / double(all[r].size()), 2);
        CHECK(mean[r] == Approx(sum / double(all[r].size())).epsilon(1e-14));
        CHECK(square[r] == Approx(deviations).epsilon(1e-11));
      }
    }
  }
}

TEMPLATE_TEST_CASE("kernels: products of panels and vectors, and what is taken off a gradient", "[kernels]", float,
                   double) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const std::size_t panels : {1U, 3U})
      for (const std::size_t columns : {1U, 5U, 20U}) {
        const std::size_t panel = 16 * (columns + 2);
        std::vector<TestType> w(panels * panel), u(16 * panels), v(columns);
        fill_whole(w, 1);
        fill_whole(u, 2);
        fill_whole(v, 3);
        std::vector<double> rows(16 * panels), columns_out(columns);
        const auto p = static_cast<Size>(panels), c = static_cast<Size>(columns), stride = static_cast<Size>(panel);
        const auto at = [&](std::size_t r, std::size_t k) -> TestType& { return w[r / 16 * panel + 16 * k + r % 16]; };
        kernels::panels_times_vector<TestType>(p, c, w.data(), stride, v.data(), rows.data());
        kernels::vector_times_panels<TestType>(p, c, w.data(), stride, u.data(), columns_out.data());
        for (std::size_t r = 0; r < 16 * panels; ++r) {
          double sum = 0;
          for (std::size_t k = 0; k < columns; ++k) sum += double(at(r, k) * v[k]);
          REQUIRE(rows[r] == sum);
        }
        for (std::size_t k = 0; k < columns; ++k) {
          double sum = 0;
          for (std::size_t r = 0; r < 16 * panels; ++r) sum += double(at(r, k) * u[r]);
          REQUIRE(columns_out[k] == sum);
        }
        std::vector<TestType> before = w;
        kernels::subtract_outer_product<TestType>(p, c, w.data(), stride, 3, u.data(), v.data(), 4);
        for (std::size_t i = 0; i < w.size(); ++i) {
          const std::size_t k = i % panel / 16, r = i / panel * 16 + i % 16;
          REQUIRE(w[i] == (k < columns ? (before[i] - 3 * u[r] * v[k]) / 4 : before[i]));
        }
      }
  }
}

TEMPLATE_TEST_CASE("kernels of normalisations: the same bits for all registers", "[kernels]", float, double) {
  std::vector<TestType> x(48 * 37 + 21), dy(x.size()), a(x.size()), b(x.size()), c(x.size());
  bvae_test::fill(x, 1.1, 3, 7);
  bvae_test::fill(dy, 1.3);
  bvae_test::fill(a, 1.7);
  bvae_test::fill(b, 1.9);
  bvae_test::fill(c, 2.3);
  const auto n = static_cast<Size>(x.size());
  const auto run = [&] {
    std::vector<double> sums;
    std::vector<TestType> out;
    for (const Size rows : {3, 37, 48}) {
      std::vector<double> s(48), p(48), wide(a.begin(), a.begin() + 48);
      const auto keep = [&](const std::vector<double>& v) { sums.insert(sums.end(), v.begin(), v.end()); };
      kernels::row_sums<TestType>(rows, n, x.data(), s.data());
      keep(s);
      kernels::squared_deviations<TestType>(rows, n, x.data(), wide.data(), s.data());
      keep(s);
      kernels::deviation_products<TestType>(rows, n, x.data(), a.data(), dy.data(), s.data(), p.data());
      keep(s);
      keep(p);
      std::vector<TestType> y(x.size());
      kernels::normalize<TestType>(rows, n, x.data(), a.data(), b.data(), c.data(), y.data());
      out.insert(out.end(), y.begin(), y.end());
      kernels::normalize_backward<TestType>(rows, n, x.data(), a.data(), dy.data(), b.data(), c.data(), a.data(),
                                            y.data());
      out.insert(out.end(), y.begin(), y.end());
    }
    std::vector<double> d_weight(x.size()), d_bias(x.size()), two(2);
    std::vector<TestType> y(x.size());
    kernels::normalize_run_sums<TestType>(n, x.data(), TestType(0.3), TestType(1.7), a.data(), dy.data(), &two[0],
                                          &two[1], d_weight.data(), d_bias.data());
    for (const auto& v : {d_weight, d_bias, two}) sums.insert(sums.end(), v.begin(), v.end());
    kernels::normalize_run<TestType>(n, x.data(), TestType(0.3), TestType(1.7), a.data(), b.data(), y.data());
    out.insert(out.end(), y.begin(), y.end());
    kernels::normalize_run_backward<TestType>(n, x.data(), TestType(0.3), TestType(1.7), a.data(), dy.data(),
                                              TestType(0.1), TestType(0.7), y.data());
    out.insert(out.end(), y.begin(), y.end());
    std::vector<double> t(64), mean(21), square(21);
    kernels::panels_times_vector<TestType>(3, 31, x.data(), 500, a.data(), t.data());
    sums.insert(sums.end(), t.begin(), t.end());
    kernels::vector_times_panels<TestType>(3, 31, x.data(), 500, a.data(), t.data());
    sums.insert(sums.end(), t.begin(), t.end());
    kernels::merge_moments(21, 3, 40, 8, 11, d_weight.data(), d_bias.data(), mean.data(), square.data());
    for (const auto& v : {mean, square}) sums.insert(sums.end(), v.begin(), v.end());
    y = x;
    kernels::subtract_outer_product<TestType>(3, 31, y.data(), 500, TestType(0.7), a.data(), b.data(), TestType(1.3));
    out.insert(out.end(), y.begin(), y.end());
    for (const TestType v : out) sums.push_back(static_cast<double>(v));
    return sums;
  };
  bvae_test::for_fused_isas(run, [](const std::vector<double>& first, const std::vector<double>& other) {
    CHECK(bvae_test::same_bits(first, other));
  });
}
