#include "bvae/kernels/products.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "bvae/core/random.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"

namespace {

using bvae::Isa;
using bvae::kernels::Rows;
using bvae::kernels::Runs;
using bvae::kernels::Size;
using bvae_test::Guarded;
using bvae_test::is_fused;
using bvae_test::UsingIsa;
namespace kernels = bvae::kernels;

constexpr Size kSizes[] = {1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 48, 49, 50, 100};

/// Calls function(rows, columns, depth): each pair of rows and columns, and all rests of the register blocks.
template <class Function>
void for_sizes(Function&& function) {
  constexpr Size kCount = std::size(kSizes);
  for (Size i = 0; i < kCount; ++i)
    for (Size k = 0; k < kCount; ++k) function(kSizes[i], kSizes[k], kSizes[(5 * i + 3 * k) % kCount]);
  for (Size columns = 1; columns <= 20; ++columns) function(Size{50}, columns, Size{3});
  for (const Size rows : {63, 65, 80, 81, 97}) function(rows, Size{13}, Size{7});
}

template <class S>
constexpr S kNan = std::numeric_limits<S>::quiet_NaN();

/// Values in guarded memory that end at a forbidden page, or begin after one. All are NaN until they are set.
template <class S>
class Block {
 public:
  Block(Size count, bool at_end) : memory_(static_cast<std::size_t>(count), at_end) {
    std::fill(memory_.begin(), memory_.end(), kNan<S>);
  }
  S* data() { return memory_.data(); }
  S& operator[](Size i) { return memory_[static_cast<std::size_t>(i)]; }
  Size size() const { return static_cast<Size>(memory_.size()); }
  std::vector<S> copy() { return {memory_.begin(), memory_.end()}; }

 private:
  Guarded<S> memory_;
};

/// Numbers in (-1, 1), the next ones at each call.
template <class S>
class Numbers {
 public:
  S operator()() {
    if (next_ == values_.size()) {
      bvae::RandomStream(bvae::Seed{7}, bvae::Stream::kUser, step_++).uniform(0, std::span<S>(values_));
      next_ = 0;
    }
    return S(2) * values_[next_++] - S(1);
  }

 private:
  std::vector<S> values_ = std::vector<S>(4096);
  std::size_t next_ = 4096;
  std::uint64_t step_ = 0;
};

/// Exact where the instruction set has a fused multiply-add.
template <class S>
bool right(Isa isa, S got, S expected, Size depth) {
  if (is_fused(isa)) return got == expected;
  return std::abs(got - expected) <= std::numeric_limits<S>::epsilon() * static_cast<S>(depth + 4);
}

/// Whether all instruction sets with a fused multiply-add gave these bits so far.
template <class S>
class SameBits {
 public:
  bool operator()(Isa isa, const std::vector<S>& result) {
    if (!is_fused(isa)) return true;
    if (first_.empty()) first_ = result;
    return bvae_test::same_bits(result, first_);
  }

 private:
  std::vector<S> first_;
};

/// A matrix in panels, 16 biases behind the depth if there are any, NaN between the panels; nothing after the last.
template <class S>
struct Panels {
  Panels(Size row_count, Size column_count, bool with_bias, bool at_end, Numbers<S>& numbers)
      : rows(row_count),
        depth(column_count),
        panel(16 * (depth + with_bias) + 5),
        memory((rows + 15) / 16 * panel - 5, at_end) {
    for (Size r = 0; r < (rows + 15) / 16 * 16; ++r)
      for (Size k = 0; k < depth + with_bias; ++k) memory[position(r, k)] = r < rows ? numbers() : S(0);
  }
  Size position(Size r, Size k) const { return r / 16 * panel + 16 * k + r % 16; }
  S at(Size r, Size k) { return memory[position(r, k)]; }
  S bias(Size r) { return at(r, depth); }

  Size rows, depth, panel;
  Block<S> memory;
};

/// Columns in runs, see kernels::Runs.
template <class S>
struct Columns {
  Columns(Size columns, Size depth, Size column_step, Size run_step, Size run_length, bool at_end, Numbers<S>& numbers)
      : column(column_step), run(run_step), length(run_length), memory(position(columns - 1, depth - 1) + 1, at_end) {
    for (Size n = 0; n < columns; ++n)
      for (Size k = 0; k < depth; ++k) memory[position(n, k)] = numbers();
  }
  Size position(Size n, Size k) const { return k / length * run + n * column + k % length; }
  S at(Size n, Size k) { return memory[position(n, k)]; }
  Runs<S> runs() { return {memory.data(), column, run, length}; }

  Size column, run, length;
  Block<S> memory;
};

/// c = start + a b, where negative times `slope`, for one kind of columns; the bits of each instruction set must agree.
template <class S>
void check_columns(Size rows, Size columns, Size depth, Size column, Size run, Size length, bool goes_on, S slope) {
  for (const bool at_end : {false, true}) {
    SameBits<S> same_bits;
    for (const Isa isa : bvae_test::all_isas()) {
      const UsingIsa using_isa(isa);
      Numbers<S> numbers;
      Panels<S> a(rows, depth, !goes_on, at_end, numbers);
      Columns<S> b(columns, depth, column, run, length, at_end, numbers);
      const Size c_column = rows + 3;
      Block<S> c(c_column * (columns - 1) + rows, at_end);
      std::vector<S> before(static_cast<std::size_t>(rows * columns));
      for (Size n = 0; n < columns; ++n)
        for (Size r = 0; r < rows; ++r) {
          before[static_cast<std::size_t>(n * rows + r)] = goes_on ? numbers() : a.bias(r);
          if (goes_on) c[n * c_column + r] = before[static_cast<std::size_t>(n * rows + r)];
        }
      kernels::panels_times_columns<S>(rows, columns, depth, a.memory.data(), a.panel, b.runs(),
                                       goes_on ? nullptr : a.memory.data() + 16 * depth, c.data(), c_column, slope);
      bool all = true;
      for (Size n = 0; n < columns; ++n) {
        for (Size r = 0; r < rows; ++r) {
          S sum = before[static_cast<std::size_t>(n * rows + r)];
          for (Size k = 0; k < depth; ++k) sum = std::fma(a.at(r, k), b.at(n, k), sum);
          if (sum < 0) sum *= slope;
          all = all && right(isa, c[n * c_column + r], sum, depth);
        }
        for (Size r = rows; r < c_column && n + 1 < columns; ++r) all = all && std::isnan(c[n * c_column + r]);
      }
      INFO(name(isa) << ": " << rows << " x " << columns << ", depth " << depth << " in runs of " << length
                     << (goes_on ? ", going on" : "") << (at_end ? ", at the end of a page" : ""));
      REQUIRE(all);
      REQUIRE(same_bits(isa, c.copy()));
    }
  }
}

/// The transposed matrix, where y is not positive times `slope`; without y if that is 1.
template <class S>
void check_transpose(Size rows, Size columns, S slope) {
  for (const bool at_end : {false, true}) {
    SameBits<S> same_bits;
    for (const Isa isa : bvae_test::all_isas()) {
      const UsingIsa using_isa(isa);
      Numbers<S> numbers;
      const Size from_column = rows + 3;
      const Size to_row = columns + 5;
      Block<S> from(from_column * (columns - 1) + rows, at_end);
      Block<S> to(to_row * (rows - 1) + columns, at_end), y(to.size(), at_end);
      for (Size n = 0; n < columns; ++n)
        for (Size r = 0; r < rows; ++r) from[n * from_column + r] = numbers();
      for (Size r = 0; r < rows; ++r)
        for (Size n = 0; n < columns; ++n) y[r * to_row + n] = (r + n) % 5 == 0 ? S(0) : numbers();
      from[0] = std::numeric_limits<S>::infinity();  // times 0 it would be NaN
      y[0] = S(-1);
      y[(rows - 1) * to_row + columns - 1] = kNan<S>;  // is not positive
      kernels::transpose<S>(rows, columns, from.data(), from_column, to.data(), to_row,
                            slope == S(1) ? nullptr : y.data(), slope);
      bool all = true;
      for (Size r = 0; r < rows; ++r) {
        for (Size n = 0; n < columns; ++n) {
          const S x = from[n * from_column + r];
          const S expected = slope == S(1) || y[r * to_row + n] > 0 ? x : slope == S(0) ? S(0) : slope * x;
          all = all && to[r * to_row + n] == expected;
        }
        for (Size n = columns; n < to_row && r + 1 < rows; ++n) all = all && std::isnan(to[r * to_row + n]);
      }
      INFO(name(isa) << ": " << rows << " x " << columns << ", slope " << slope
                     << (at_end ? ", at the end of a page" : ""));
      REQUIRE(all);
      REQUIRE(same_bits(isa, to.copy()));
    }
  }
}

template <class S>
void check_rows(Size panels, Size columns, Size depth, bool adds) {
  for (const bool at_end : {false, true}) {
    SameBits<S> same_bits;
    for (const Isa isa : bvae_test::all_isas()) {
      const UsingIsa using_isa(isa);
      Numbers<S> numbers;
      Panels<S> a(16 * panels, depth, false, at_end, numbers);
      const Size row = columns + 3;
      Block<S> b(row * (depth - 1) + columns, at_end);
      for (Size k = 0; k < depth; ++k)
        for (Size n = 0; n < columns; ++n) b[k * row + n] = numbers();
      const Size c_panel = 16 * columns + 7;
      Block<S> c(c_panel * (panels - 1) + 16 * columns, at_end);
      std::vector<S> before(static_cast<std::size_t>(c.size()));
      if (adds)
        for (Size p = 0; p < panels; ++p)
          for (Size i = 0; i < 16 * columns; ++i)
            c[p * c_panel + i] = before[static_cast<std::size_t>(p * c_panel + i)] = numbers();
      kernels::panels_times_rows<S>(panels, columns, depth, a.memory.data(), a.panel, Rows<S>{b.data(), row}, c.data(),
                                    c_panel, adds);
      bool all = true;
      for (Size p = 0; p < panels; ++p) {
        for (Size n = 0; n < columns; ++n)
          for (Size l = 0; l < 16; ++l) {
            S sum = before[static_cast<std::size_t>(p * c_panel + 16 * n + l)];
            for (Size k = 0; k < depth; ++k) sum = std::fma(a.at(16 * p + l, k), b[k * row + n], sum);
            all = all && right(isa, c[p * c_panel + 16 * n + l], sum, depth);
          }
        for (Size i = 16 * columns; i < c_panel && p + 1 < panels; ++i) all = all && std::isnan(c[p * c_panel + i]);
      }
      INFO(name(isa) << ": " << panels << " panels x " << columns << ", depth " << depth << (adds ? ", adds" : "")
                     << (at_end ? ", at the end of a page" : ""));
      REQUIRE(all);
      REQUIRE(same_bits(isa, c.copy()));
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("panels_times_columns: one chain of multiply-adds for each element, nothing outside is touched",
                   "[kernels][products]", float, double) {
  for_sizes([](Size rows, Size columns, Size depth) {
    check_columns<TestType>(rows, columns, depth, depth + 3, 0, depth, columns == 13, 1);
    if (rows % 2 == 1)
      check_columns<TestType>(rows, columns, depth, depth + 1, 0, depth, rows % 3 == 0,
                              rows % 4 == 1 ? TestType(0) : TestType(0.25));
  });
}

TEMPLATE_TEST_CASE("panels_times_columns: long sums in pieces are the same chain", "[kernels][products]", float,
                   double) {
  for (const Size depth : {1023, 1024, 1025, 2500}) {
    check_columns<TestType>(17, 9, depth, depth, 0, depth, false, TestType(0.25));
    check_columns<TestType>(3, 2, depth, depth, 0, depth, true, 1);
    check_columns<TestType>(50, 9, depth, depth, 0, depth, depth % 2 == 0, 1);
  }
}

TEMPLATE_TEST_CASE("panels_times_columns: columns overlap and lie in several runs, as those of a convolution",
                   "[kernels][products]", float, double) {
  for (const Size column : {1, 2, 3, 5})
    for (const Size length : {1, 3, 9, 12})
      for (const Size columns : {1, 7, 13}) {
        const Size run = (columns - 1) * column + length + 2;  // an image's row
        for (const Size depth : {length, 2 * length, 3 * length, 3 * length + length / 2}) {
          check_columns<TestType>(33, columns, depth, column, run, length, false, 1);
        }
      }
}

TEMPLATE_TEST_CASE("panels_times_columns: more columns than a cache holds are the same chains", "[kernels][products]",
                   float, double) {
  check_columns<TestType>(3, 1400, 50, 51, 0, 50, false, 1);
  check_columns<TestType>(17, 101, 1100, 1100, 0, 1100, true, TestType(0.25));
  check_columns<TestType>(2, 97, 1100, 1, 210, 110, false, 1);
}

TEMPLATE_TEST_CASE("panels_times_columns: long sums of several runs are the same chain", "[kernels][products]", float,
                   double) {
  check_columns<TestType>(17, 3, 1150, 2, 120, 100, false, 1);
  check_columns<TestType>(17, 3, 2300, 2, 1200, 1150, true, TestType(0.25));
}

TEMPLATE_TEST_CASE("transpose: every value at its place, rectified by another matrix, nothing outside is touched",
                   "[kernels][products]", float, double) {
  for (const Size rows : kSizes)
    for (const Size columns : kSizes)
      for (const TestType slope : {TestType(1), TestType(0), TestType(0.25)})
        check_transpose<TestType>(rows, columns, slope);
}

TEMPLATE_TEST_CASE("panels_times_rows: one chain of multiply-adds, nothing outside is touched", "[kernels][products]",
                   float, double) {
  for_sizes([](Size rows, Size columns, Size depth) {
    const Size panels = (rows + 15) / 16;
    check_rows<TestType>(panels, columns, depth, depth % 2 == 0);
  });
}

TEMPLATE_TEST_CASE("copy_to_panel: up to 16 rows side by side, and their sums in the order of the columns",
                   "[kernels][products]", float, double) {
  for (const Isa isa : bvae_test::all_isas()) {
    const UsingIsa using_isa(isa);
    for (Size rows = 1; rows <= 16; ++rows)
      for (const Size columns : kSizes)
        for (const bool adds : {false, true})
          for (const bool at_end : {false, true}) {
            Numbers<TestType> numbers;
            const Size column = rows + 2;
            Block<TestType> from((columns - 1) * column + rows, at_end), to(16 * columns, at_end), sum(16, at_end);
            for (Size n = 0; n < columns; ++n)
              for (Size r = 0; r < rows; ++r) from[n * column + r] = numbers();
            std::vector<TestType> expected(16);
            if (adds)
              for (Size r = 0; r < 16; ++r) sum[r] = expected[static_cast<std::size_t>(r)] = numbers();
            kernels::copy_to_panel<TestType>(rows, columns, from.data(), column, to.data(), sum.data(), adds);
            bool all = true;
            for (Size n = 0; n < columns; ++n)
              for (Size r = 0; r < 16; ++r) {
                const TestType value = r < rows ? from[n * column + r] : TestType(0);
                expected[static_cast<std::size_t>(r)] += value;
                all = all && to[16 * n + r] == value;
              }
            INFO(name(isa) << ": " << rows << " x " << columns << (adds ? ", adds" : ""));
            REQUIRE(all);
            REQUIRE(sum.copy() == expected);
          }
  }
}
