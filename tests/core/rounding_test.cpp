#include "bvae/core/rounding.hpp"

#include "support/catch.hpp"

// Compilers fuse where the instruction set has it, so these functions ask for it.
#if defined(__x86_64__) && defined(__clang__)
#define BVAE_TEST_FUSES [[gnu::target("avx2,fma"), gnu::noinline]]
#elif defined(__x86_64__)
#define BVAE_TEST_FUSES [[gnu::target("avx2,fma"), gnu::optimize("O2"), gnu::noinline]]
#elif defined(__clang__)
#define BVAE_TEST_FUSES [[gnu::noinline]]
#else
#define BVAE_TEST_FUSES [[gnu::optimize("O2"), gnu::noinline]]
#endif

namespace {

template <class T>
BVAE_TEST_FUSES T product_minus(T a, T b, T c) {
  return bvae::rounded(a * b) - c;
}

template <class T>
BVAE_TEST_FUSES T plus_product(T a, T b, T c) {
  const T product = bvae::rounded(a * b);
  return c + product;
}

bool can_run() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

}  // namespace

TEST_CASE("rounded: a product is not fused with the sum that uses it", "[core][rounding]") {
  if (!can_run()) return;
  // (1 + e)^2 = 1 + 2e + e^2, and e^2 is lost when the product is rounded.
  const float e = 0x1p-12f;
  CHECK(product_minus(1 + e, 1 + e, 1 + 2 * e) == 0);
  CHECK(plus_product(1 + e, 1 + e, -1 - 2 * e) == 0);
  const double d = 0x1p-27;
  CHECK(product_minus(1 + d, 1 + d, 1 + 2 * d) == 0);
  CHECK(plus_product(1 + d, 1 + d, -1 - 2 * d) == 0);
}

TEST_CASE("rounded: gives back what it got", "[core][rounding]") {
  CHECK(bvae::rounded(1.5f) == 1.5f);
  CHECK(bvae::rounded(-0x1p-1060) == -0x1p-1060);
  const double nan = __builtin_nan("");
  CHECK(bvae::rounded(nan) != nan);
}
