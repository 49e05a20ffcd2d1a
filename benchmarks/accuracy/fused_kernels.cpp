// bernoulli, cos_sin_of_turns and box_muller: two results each.
#include "fused_kernels.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/random.hpp"
#include "errors.hpp"

namespace bvae_benchmark {

namespace {

namespace kernels = bvae::kernels;
using kernels::Size;

/// The two words of which box_muller makes two normals.
struct Words {
  std::uint32_t a, b;
};
std::string text(const Words& words) {
  char characters[32];
  std::snprintf(characters, sizeof characters, "(0x%08x, 0x%08x)", words.a, words.b);
  return characters;
}

template <class Function>
Function* of_isa(Isa isa, Function* baseline, Function* v3, Function* v4) {
  return isa == Isa::kV4 ? v4 : isa == Isa::kV3 ? v3 : baseline;
}

template <class R>
struct Truths {
  R first, second;
};

template <class S, class Argument>
struct Results {
  Result<S, Argument> first, second;
  void add(const Results& other) {
    first.add(other.first);
    second.add(other.second);
  }
};

/// A Kernel has Value and Argument, the `titles` of its rows, fill(x, block) for the arguments of a block,
/// run(isa, x, first, second), and truths_at(x).
template <class Kernel>
void print_kernel(const Kernel& kernel, std::uint64_t arguments) {
  using S = typename Kernel::Value;
  using Argument = typename Kernel::Argument;
  using R = Results<S, Argument>;
  const R results = sum_over_blocks<R>(arguments / kBlock + 1, [&](std::uint64_t block, R& result) {
    std::vector<Argument> x;
    kernel.fill(x, block);
    Answers<S> first, second;
    for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
      if (isa > bvae::best_isa()) continue;
      std::vector<S>& own_first = first[static_cast<std::size_t>(isa)];
      std::vector<S>& own_second = second[static_cast<std::size_t>(isa)];
      own_first.resize(x.size());
      own_second.resize(x.size());
      kernel.run(isa, x, own_first.data(), own_second.data());
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Truths<Reference<S>> truths = kernel.truths_at(x[i]);
      result.first.add(x[i], first, i, truths.first);
      result.second.add(x[i], second, i, truths.second);
    }
  });
  print(Kernel::kTitles[0], results.first);
  print(Kernel::kTitles[1], results.second);
}

/// What a logit costs for the target 0, softplus(l), and the gradient, sigmoid(l).
template <class S>
struct Bernoulli {
  using Value = S;
  using Argument = S;
  static constexpr const char* kTitles[2] = {"bernoulli: value", "bernoulli: gradient"};
  static constexpr S kMost = sizeof(S) == sizeof(float) ? 80 : 700;  // e^-|l| is a normal number
  std::uint64_t stride;

  void fill(std::vector<S>& logits, std::uint64_t block) const {
    bvae_benchmark::fill(logits, block, stride, double{kMost});
    std::erase_if(logits, [](S l) { return !(std::abs(l) <= kMost); });
  }
  /// Samples of one feature each.
  void run(Isa isa, const std::vector<S>& logits, S* value, S* gradient) const {
    const std::vector<S> targets(logits.size());
    std::vector<double> values(logits.size());
    of_isa(isa, &kernels::baseline::bernoulli<S>, &kernels::v3::bernoulli<S>, &kernels::v4::bernoulli<S>)(
        1, static_cast<Size>(logits.size()), targets.data(), logits.data(), 1, values.data(), gradient);
    for (std::size_t i = 0; i < values.size(); ++i) value[i] = static_cast<S>(values[i]);  // exact
  }
  static Truths<Reference<S>> truths_at(S logit) {
    const Reference<S> l = logit;
    return {softplus(l), sigmoid(l)};
  }
};

/// cos(2 pi turn) and sin(2 pi turn); zeros have the sign that turning by right angles gives them.
template <class R>
Truths<R> cos_sin_of_turn(R turn) {
  const R quarter = std::nearbyint(4 * turn);
  const R angle = 2 * std::numbers::pi_v<R> * (turn - quarter / 4);
  const R cosine = std::cos(angle);
  const R sine = std::sin(angle);
  switch (static_cast<int>(quarter) % 4) {
    case 0:
      return {cosine, sine};
    case 1:
      return {-sine, cosine};
    case 2:
      return {-cosine, -sine};
    default:
      return {sine, -cosine};
  }
}

/// Floats: the multiples of 2^-24 in [0, 1), which are all that random numbers have. Doubles: multiples of 2^-53.
template <class S>
struct CosSinOfTurns {
  using Value = S;
  using Argument = S;
  static constexpr const char* kTitles[2] = {"cos_sin_of_turns: cosine", "cos_sin_of_turns: sine"};
  static constexpr std::uint64_t kFloats = 1 << 24;
  std::uint64_t stride;

  void fill(std::vector<S>& turns, std::uint64_t block) const {
    SplitMix random(block);
    for (std::uint64_t i = 0; i < kBlock; ++i) {
      const std::uint64_t number = (block * kBlock + i) * stride;
      if constexpr (sizeof(S) == sizeof(float)) {
        if (number < kFloats) turns.push_back(static_cast<S>(number) * S(0x1p-24));
      } else {
        turns.push_back(static_cast<S>(random() >> 11) * S(0x1p-53));
      }
    }
  }
  void run(Isa isa, const std::vector<S>& turns, S* cosine, S* sine) const {
    of_isa(isa, &kernels::baseline::cos_sin_of_turns<S>, &kernels::v3::cos_sin_of_turns<S>,
           &kernels::v4::cos_sin_of_turns<S>)(static_cast<Size>(turns.size()), turns.data(), cosine, sine);
  }
  static Truths<Reference<S>> truths_at(S turn) { return cos_sin_of_turn(Reference<S>{turn}); }
};

/// Words of which most are even, and some of `a` are near both ends.
struct BoxMuller {
  using Value = float;
  using Argument = Words;
  static constexpr const char* kTitles[2] = {"box_muller: first", "box_muller: second"};

  static void fill(std::vector<Words>& words, std::uint64_t block) {
    SplitMix random(block);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const std::uint64_t z = random();
      const auto b = static_cast<std::uint32_t>(z);
      auto a = static_cast<std::uint32_t>(z >> 32);
      if (i % 4 < 2) a >>= b % 32;
      if (i % 4 == 1) a = ~a;
      words.push_back({a, b});
    }
  }
  static void run(Isa isa, const std::vector<Words>& words, float* first, float* second) {
    std::vector<std::uint32_t> a, b;
    for (const Words& pair : words) {
      a.push_back(pair.a);
      b.push_back(pair.b);
    }
    of_isa(isa, &kernels::baseline::box_muller<float>, &kernels::v3::box_muller<float>,
           &kernels::v4::box_muller<float>)(static_cast<Size>(words.size()), a.data(), b.data(), first, second);
  }
  /// u is rounded to a float by definition.
  static Truths<double> truths_at(const Words& words) {
    const auto u = static_cast<float>((words.a + 0.5) * 0x1p-32);
    const double radius = std::sqrt(-2 * std::log(double{u}));
    const Truths<double> turned = cos_sin_of_turn((words.b >> 8) * 0x1p-24);
    return {radius * turned.first, radius * turned.second};
  }
};

}  // namespace

void print_fused_kernels(std::string_view only, std::uint64_t stride, std::uint64_t doubles) {
  const auto is_wanted = [only](std::string_view kernel) { return only.empty() || only == kernel; };
  if (is_wanted("bernoulli")) {
    print_kernel(Bernoulli<float>{stride}, (std::uint64_t{1} << 32) / stride);
    if (doubles > 0) print_kernel(Bernoulli<double>{1}, doubles);
  }
  if (is_wanted("cos_sin_of_turns")) {
    print_kernel(CosSinOfTurns<float>{stride}, CosSinOfTurns<float>::kFloats / stride);
    if (doubles > 0) print_kernel(CosSinOfTurns<double>{1}, doubles);
  }
  if (is_wanted("box_muller") && doubles > 0) print_kernel(BoxMuller{}, doubles);
}

}  // namespace bvae_benchmark
