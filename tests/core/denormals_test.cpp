#include "bvae/core/denormals.hpp"

#include <array>
#include <limits>
#include <stdexcept>

#include "bvae/bvae.hpp"
#include "support/catch.hpp"

using bvae::FlushDenormals;

namespace {

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool kFlushes = true;
#else
constexpr bool kFlushes = false;
#endif

template <class T>
T tiny_result() {
  const volatile T a = std::numeric_limits<T>::min();
  const volatile T b = T(0.25);
  return a * b;
}

template <class T>
T of_tiny_operand() {
  const volatile T a = std::numeric_limits<T>::denorm_min();
  const volatile T b = T(0x1p100);
  return a * b;
}

struct Seen {
  bool active;
  float tiny_result, of_tiny_operand;
  double tiny_result_double, of_tiny_operand_double;

  static Seen here() {
    return {FlushDenormals::active(), ::tiny_result<float>(), ::of_tiny_operand<float>(), ::tiny_result<double>(),
            ::of_tiny_operand<double>()};
  }
  [[nodiscard]] bool flushed() const {
    return active && tiny_result == 0 && of_tiny_operand == 0 && tiny_result_double == 0 && of_tiny_operand_double == 0;
  }
  [[nodiscard]] bool gradual() const {
    return !active && tiny_result > 0 && of_tiny_operand > 0 && tiny_result_double > 0 && of_tiny_operand_double > 0;
  }
};

}  // namespace

TEST_CASE("FlushDenormals: denormal operands and results are zero in its scope only", "[core][denormals]") {
  REQUIRE(Seen::here().gradual());
  {
    const FlushDenormals flush;
    CHECK(Seen::here().flushed() == kFlushes);
    const volatile float small = std::numeric_limits<float>::min();
    CHECK(small * 1.5f > 0);  // normal numbers are left alone
  }
  CHECK(Seen::here().gradual());
}

TEST_CASE("FlushDenormals: may be nested", "[core][denormals]") {
  {
    const FlushDenormals outer;
    {
      const FlushDenormals inner;
      CHECK(Seen::here().flushed() == kFlushes);
    }
    CHECK(Seen::here().flushed() == kFlushes);
  }
  CHECK(Seen::here().gradual());
}

TEST_CASE("FlushDenormals: an exception that leaves the scope restores the thread's mode", "[core][denormals]") {
  try {
    const FlushDenormals flush;
    throw std::runtime_error("out");
  } catch (const std::runtime_error&) {
    CHECK(Seen::here().gradual());
  }
  CHECK(Seen::here().gradual());
}

TEST_CASE("Team: members flush denormals, and the caller has its own mode back", "[core][team][denormals]") {
  for (int size = 1; size <= 4; ++size) {
    bvae::Team team(size);
    for (int run = 0; run < 3; ++run) {
      std::array<Seen, 4> seen{};
      team.run([&](const bvae::Member& member) { seen[static_cast<std::size_t>(member.rank())] = Seen::here(); });
      for (int rank = 0; rank < size; ++rank) CHECK(seen[static_cast<std::size_t>(rank)].flushed() == kFlushes);
      CHECK(Seen::here().gradual());
    }
  }
}

TEST_CASE("Team: a caller that flushes already still does so after a run", "[core][team][denormals]") {
  const FlushDenormals flush;
  for (int size = 1; size <= 2; ++size) {
    bvae::Team team(size);
    team.run([](const bvae::Member&) {});
    CHECK(Seen::here().flushed() == kFlushes);
  }
}

TEST_CASE("Team: the caller's mode is back after a member's exception", "[core][team][denormals]") {
  for (int size = 1; size <= 3; ++size)
    for (int guilty = 0; guilty < size; ++guilty) {
      bvae::Team team(size);
      const auto run = [&] {
        team.run([&](const bvae::Member& member) {
          if (member.rank() == guilty) throw std::runtime_error("out");
          member.barrier();
        });
      };
      CHECK_THROWS_AS(run(), std::runtime_error);
      CHECK(Seen::here().gradual());
    }
}

namespace {

/// A layer that says in its output whether denormals are flushed where it runs.
struct Mode {
  template <bvae::Shape In>
  struct Bind {
    using Output = In;
    template <class Scalar>
    static void forward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar>, bvae::View<Scalar> y) {
      y.setConstant(Seen::here().flushed() ? Scalar(1) : Scalar(2));
    }
    template <class Scalar>
    static void backward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar>, bvae::ConstView<Scalar>,
                         bvae::ConstView<Scalar> dy, bvae::View<Scalar> dx) {
      dx = dy;
    }
  };
};

}  // namespace

TEST_CASE("Vae: encode and decode compute in the mode of training, and callbacks in the user's",
          "[models][denormals]") {
  using Model =
      bvae::Vae<bvae::Features<3>, bvae::Encoder<Mode>, bvae::Latent<2>, bvae::Decoder<bvae::Linear<3>, Mode>>;
  Model model;
  const Eigen::MatrixXf x = Eigen::MatrixXf::Constant(3, 9, 0.5f);
  const float flushed = kFlushes ? 1.0f : 2.0f;
  CHECK(model.decode(Eigen::MatrixXf::Zero(2, 9)) == Eigen::MatrixXf::Constant(3, 9, flushed));
  const auto before = model.encode(x).mu;
  {
    const FlushDenormals flush;
    CHECK(model.encode(x).mu == before);
  }
  CHECK(Seen::here().gradual());

  int calls = 0;
  bvae::Trainer trainer{model, bvae::Gaussian{}, bvae::Kl{}, bvae::Constant{1.0}, bvae::Sgd{}};
  trainer.fit(bvae::Dataset(x), {.epochs = 1, .batch_size = 9, .threads = 2}, [&](const bvae::StepEnd&) {
    ++calls;
    CHECK(Seen::here().gradual());
  });
  CHECK(calls == 1);
  CHECK(Seen::here().gradual());
}
