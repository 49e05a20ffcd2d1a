#include "bvae/kernels/normalization.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>
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

template <class T>
constexpr T kNan = std::numeric_limits<T>::quiet_NaN();

/// A matrix in panels, `gap` values of NaN between them; nothing after the last.
template <class T>
class PanelMatrix {
 public:
  PanelMatrix(std::size_t panels, std::size_t columns, std::size_t gap, bool at_end)
      : columns_(columns), panel_(16 * columns + gap), memory_((panels - 1) * panel_ + 16 * columns, at_end) {
    bvae_test::fill(memory_, 1.1);
    for (std::size_t i = 0; i < memory_.size(); ++i)
      if (is_gap(i)) memory_[i] = kNan<T>;
  }
  T* data() { return memory_.data(); }
  const T* data() const { return memory_.data(); }
  Size stride() const { return static_cast<Size>(panel_); }
  T at(std::size_t r, std::size_t k) const { return memory_.data()[r / 16 * panel_ + 16 * k + r % 16]; }
  bool gaps_are_untouched() const {
    for (std::size_t i = 0; i < memory_.size(); ++i)
      if (is_gap(i) && !std::isnan(memory_.data()[i])) return false;
    return true;
  }

 private:
  bool is_gap(std::size_t i) const { return i % panel_ >= 16 * columns_; }

  std::size_t columns_, panel_;
  Guarded<T> memory_;
};

/// Whether all values were as expected: in every bit where the instruction set in use has a fused multiply-add.
struct Expected {
  template <class T>
  void compare(T value, T expected) {
    met = met && (exact ? std::memcmp(&value, &expected, sizeof value) == 0
                        : bvae_test::close(value, double(expected), 64 * double(std::numeric_limits<T>::epsilon())));
  }
  bool exact = bvae_test::is_fused(bvae::isa());
  bool met = true;
};

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

// The loops that merge_moments, panels_times_vector, ... document, in the order that gives the same bits with a fused
// multiply-add. Values are compared with them in buffers beside forbidden pages; what lies between their columns or
// panels is NaN, which must not be read, and must stay.

TEST_CASE("kernels::merge_moments: reads and writes exactly its values", "[kernels]") {
  constexpr double kSize = 8, kLast = 11;
  bvae_test::for_isas_and_lengths(
      [](std::size_t rows, bool at_end) {
        for (const std::size_t parts : {1U, 2U, 3U, 5U})
          for (const std::size_t stride : {rows, rows + 3}) {
            const std::size_t count = (parts - 1) * stride + rows;
            Guarded<double> sums(count, at_end), squares(count, at_end), mean(rows, at_end), square(rows, at_end);
            bvae_test::fill(sums, 1.1, 5, 3);
            bvae_test::fill(squares, 1.3, 5, 6);
            for (std::size_t i = 0; i < count; ++i)
              if (i % stride >= rows) sums[i] = squares[i] = kNan<double>;
            const auto r = static_cast<Size>(rows), p = static_cast<Size>(parts), s = static_cast<Size>(stride);
            kernels::merge_moments(r, p, s, kSize, kLast, sums.data(), squares.data(), mean.data(), square.data());
            Expected expected;
            for (std::size_t i = 0; i < rows; ++i) {
              double total = 0, deviations = 0;
              for (std::size_t k = 0; k < parts; ++k) total += sums[k * stride + i];
              const double center = total / (kSize * double(parts - 1) + kLast);
              for (std::size_t k = 0; k < parts; ++k) {
                const double own = k + 1 < parts ? kSize : kLast;
                const double d = sums[k * stride + i] / own - center;
                deviations = std::fma(d * own, d, deviations + squares[k * stride + i]);
              }
              expected.compare(mean[i], center);
              expected.compare(square[i], deviations);
            }
            INFO(parts << " parts, stride " << stride);
            REQUIRE(expected.met);
          }
      },
      {.dense = 50, .most = 130, .step = 19});
}

TEMPLATE_TEST_CASE("kernels: products of panels and vectors read and write exactly their values", "[kernels]", float,
                   double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t columns, bool at_end) {
        for (const std::size_t panels : {1U, 2U, 5U})
          for (const std::size_t gap : {0U, 5U}) {
            const PanelMatrix<TestType> w(panels, columns, gap, at_end);
            Guarded<TestType> u(16 * panels, at_end), v(columns, at_end);
            Guarded<double> rows(16 * panels, at_end), sums(columns, at_end);
            bvae_test::fill(u, 1.3);
            bvae_test::fill(v, 1.7);
            const auto p = static_cast<Size>(panels), c = static_cast<Size>(columns);
            Expected expected;
            kernels::panels_times_vector<TestType>(p, c, w.data(), w.stride(), v.data(), rows.data());
            for (std::size_t r = 0; r < 16 * panels; ++r) {
              double sum = 0;
              for (std::size_t k = 0; k < columns; ++k) sum = std::fma(double(w.at(r, k)), double(v[k]), sum);
              expected.compare(rows[r], sum);
            }
            for (const bool adds : {false, true}) {
              bvae_test::fill(sums, 1.9);
              const std::vector<double> before(sums.begin(), sums.end());
              kernels::vector_times_panels<TestType>(p, c, w.data(), w.stride(), u.data(), sums.data(), adds);
              for (std::size_t k = 0; k < columns; ++k) {
                double lanes[16] = {};
                for (std::size_t r = 0; r < 16 * panels; ++r)
                  lanes[r % 16] = std::fma(double(w.at(r, k)), double(u[r]), lanes[r % 16]);
                for (std::size_t half = 8; half > 0; half /= 2)
                  for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
                expected.compare(sums[k], (adds ? before[k] : 0) + lanes[0]);
              }
            }
            INFO(panels << " panels, " << gap << " values between them");
            REQUIRE(expected.met);
          }
      },
      {.dense = 40, .most = 150, .step = 37});
}

TEMPLATE_TEST_CASE("kernels::subtract_outer_product: reads and writes exactly its values", "[kernels]", float, double) {
  bvae_test::for_isas_and_lengths(
      [](std::size_t columns, bool at_end) {
        for (const std::size_t panels : {1U, 2U, 5U})
          for (const std::size_t gap : {0U, 5U}) {
            const PanelMatrix<TestType> before(panels, columns, gap, at_end);
            PanelMatrix<TestType> g(panels, columns, gap, at_end);
            Guarded<TestType> u(16 * panels, at_end), v(columns, at_end);
            bvae_test::fill(u, 1.3);
            bvae_test::fill(v, 1.7);
            const TestType factor = TestType(0.7), divisor = TestType(1.3);
            kernels::subtract_outer_product<TestType>(static_cast<Size>(panels), static_cast<Size>(columns), g.data(),
                                                      g.stride(), factor, u.data(), v.data(), divisor);
            Expected expected;
            for (std::size_t r = 0; r < 16 * panels; ++r)
              for (std::size_t k = 0; k < columns; ++k)
                expected.compare(g.at(r, k), std::fma(-(u[r] * factor), v[k], before.at(r, k)) / divisor);
            INFO(panels << " panels, " << gap << " values between them");
            REQUIRE(expected.met);
            REQUIRE(g.gaps_are_untouched());
          }
      },
      {.dense = 40, .most = 150, .step = 37});
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
