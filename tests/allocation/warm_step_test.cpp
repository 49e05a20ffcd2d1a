// Counts every allocation of the program, whatever function makes it: a warm training step must make none.
// A sanitizer brings its own malloc: there is nothing to count then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BVAE_TEST_OWN_MALLOC 0
#endif
#endif
#if !defined(BVAE_TEST_OWN_MALLOC)
#define BVAE_TEST_OWN_MALLOC 1
#endif
#endif

#include "support/catch.hpp"

#if BVAE_TEST_OWN_MALLOC

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <thread>

#include "bvae/bvae.hpp"

namespace {
std::atomic<long> allocations{0};
}

// glibc's own names behind malloc; operator new, Eigen and std::vector all end up here.
extern "C" void* __libc_malloc(std::size_t);                 // NOLINT
extern "C" void* __libc_calloc(std::size_t, std::size_t);    // NOLINT
extern "C" void* __libc_realloc(void*, std::size_t);         // NOLINT
extern "C" void* __libc_memalign(std::size_t, std::size_t);  // NOLINT
extern "C" void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* old, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, size);
}
extern "C" void* memalign(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
extern "C" int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? 12 : 0;
}

using namespace bvae;

namespace {

/// Counts what happens between the end of one step and the end of the next.
struct CountAllocations {
  long seen = 0;
  long in_warm_steps = 0;
  long warm_steps = 0;

  void operator()(const StepEnd& e) {
    const long now = allocations.load();
    // The first epoch warms up; between epochs the evaluation may allocate.
    if (e.epoch > 0 && e.step_of_epoch > 1) {
      in_warm_steps += now - seen;
      ++warm_steps;
    }
    seen = allocations.load();
  }
};

template <class Model, class Likelihood_, class Optimizer, class Divergence = Kl>
CountAllocations count(Likelihood_ likelihood, Optimizer optimizer, Index batch, int threads, Binarization binarization,
                       Divergence divergence = {.free_bits = 0.1}) {
  const Index samples = std::min<Index>(600, 40 * batch);
  const Dataset train =
      Dataset::from_bytes(std::vector<std::uint8_t>(static_cast<std::size_t>(784 * samples), 77), {1, 28, 28});
  Model model{Seed{1}};
  Trainer trainer{model, likelihood, divergence, AnySchedule(PidController{.kl = 3.0}), optimizer};
  CountAllocations counter;
  trainer.fit(train, {.epochs = 2, .batch_size = batch, .threads = threads, .binarization = binarization}, counter);
  return counter;
}

}  // namespace

TEST_CASE("The counter sees an allocation", "[allocation]") {
  const long before = allocations.load();
  std::vector<int>* volatile made = new std::vector<int>(10);
  delete made;
  CHECK(allocations.load() - before == 2);
  const Eigen::MatrixXf* volatile matrix = new Eigen::MatrixXf(300, 300);
  delete matrix;
  CHECK(allocations.load() - before == 4);
}

TEST_CASE("The counter sees every function that allocates", "[allocation]") {
  // Volatile, because compilers leave out an allocation that nobody uses.
  void* volatile made = nullptr;
  const auto check_counted = [&](const char* name, auto&& allocate) {
    const long before = allocations.load();
    made = allocate();
    const long counted = allocations.load() - before;
    INFO(name);
    CHECK(made != nullptr);
    CHECK(counted == 1);
  };
  check_counted("malloc", [] { return std::malloc(100); });
  check_counted("realloc", [&] { return std::realloc(made, 100'000); });
  std::free(made);
  check_counted("calloc", [] { return std::calloc(10, 10); });
  std::free(made);
  check_counted("aligned_alloc", [] { return std::aligned_alloc(64, 128); });
  CHECK(reinterpret_cast<std::uintptr_t>(made) % 64 == 0);
  std::free(made);
  check_counted("memalign", [] { return ::memalign(64, 128); });
  std::free(made);
  check_counted("posix_memalign", [] {
    void* out = nullptr;
    return ::posix_memalign(&out, 64, 128) == 0 ? out : nullptr;
  });
  std::free(made);
}

TEST_CASE("A thread allocates nothing in the first gradient that it meets, however late", "[allocation]") {
  constexpr Index kOutputs = 48, kInputs = 20, kSamples = 300;
  Arena<float> x(kInputs * kSamples), dy(kOutputs * kSamples);
  Arena<float> gradient(static_cast<std::size_t>(kOutputs / 16 * TensorInfo::panel_of(kInputs)));
  long in_gradient = -1;
  std::thread([&] {
    products::reserve<float>(0);  // as for a network without layers that ask for more
    const long before = allocations.load();
    products::inputs_times_deltas(kOutputs, kInputs, kSamples, x.data(), dy.data(), 0, kOutputs, gradient.data());
    in_gradient = allocations.load() - before;
  }).join();
  CHECK(in_gradient == 0);
}

TEST_CASE("A warm training step allocates nothing", "[allocation]") {
  using Mlp =
      Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<400>, ReLU>, Latent<20>, Decoder<Linear<400>, ReLU, Linear<784>>>;
  using Smooth =
      Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<64>, GELU, Linear<32>, ELU, Linear<32>, LeakyReLU>, Latent<3>,
          Decoder<Linear<32>, SiLU, Linear<32>, Tanh, Linear<32>, Softplus, Linear<32>, Sigmoid, Linear<784>>>;
  using Pooled = Vae<Image<1, 28, 28>,
                     Encoder<MaxPool2d<3, 2, 1>, Residual<AvgPool2d<3, 1, 1>, Tanh>, AvgPool2d<2>, Flatten, Dropout<10>,
                             Linear<32>, Residual<Linear<16>, ReLU, Dropout<20>, Linear<32>>>,
                     Latent<3>,
                     Decoder<Residual<Shortcut<Linear<49>>, Linear<20>, ReLU, Linear<49>>, Linear<98>, ReLU,
                             Unflatten<Image<2, 7, 7>>, Upsample2d<2>, Flatten, Linear<784, Orthogonal>>>;
  using WithSigma = Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<32>, ReLU>, Latent<3>,
                        Decoder<Linear<32>, ReLU, Linear<784>, SharedLogSigma>>;
  using WithVariances =
      Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<32>, ReLU>, Latent<3>, Decoder<Linear<32>, ReLU, Linear<1568>>>;
  using Normalized = Vae<Image<1, 28, 28>,
                         Encoder<ImageNetInput, BatchNorm, GroupNorm<1>, SpectralNorm<Conv2d<4, 4, 4>>, Flatten,
                                 LayerNorm, Linear<32>, BatchNorm, ReLU>,
                         Latent<3>,
                         Decoder<SpectralNorm<Linear<4 * 7 * 7>>, ReLU, Unflatten<Image<4, 7, 7>>,
                                 SpectralNorm<ConvTranspose2d<5, 4, 2, 1>>, ReLU, Flatten, Linear<784>>>;
  // Packing a gradient of 81 channels of 14x14 pixels takes more memory than the gradient of any Linear.
  using Convolutional =
      Vae<Image<1, 28, 28>,
          Encoder<Conv2d<8, 4, 2, 1>, BatchNorm, ReLU, Conv2d<16, 4, 2, 1>, SiLU, Flatten, Linear<32>, ReLU>, Latent<3>,
          Decoder<Linear<8 * 7 * 7>, ReLU, Unflatten<Image<8, 7, 7>>, ConvTranspose2d<16, 4, 2, 1>, BatchNorm, ReLU,
                  Residual<Conv2d<81, 3, 1, 1>, ReLU, Conv2d<16, 3, 1, 1>>, ConvTranspose2d<1, 4, 2, 1>>>;
  static_assert(Convolutional::DecoderNetwork::kGradientScratch >
                products::detail::kGroup * products::detail::kGradientPiece);
  using Classifier = TrainedNetwork<
      Network<Image<1, 28, 28>, ImageNetInput, Conv2d<4, 3, 2, 1>, BatchNorm, ReLU, MaxPool2d<2>, Conv2d<6, 3, 2, 1>>>;
  const std::vector<AnyLikelihood<float>> likelihoods{Perceptual<Bernoulli, Classifier, 3, 5>(Classifier{Seed{2}}),
                                                      Laplace{}, ContinuousBernoulli{}, OptimalGaussian{}};
  for (const Index batch : {Index{1}, Index{7}, Index{128}})
    for (const int threads : {1, 2}) {
      CAPTURE(batch, threads);
      const auto check = [](const CountAllocations& counter) {
        CHECK(counter.warm_steps > 0);
        CHECK(counter.in_warm_steps == 0);
      };
      check(count<Mlp>(Bernoulli{}, Adam{}, batch, threads, Binarization::kDynamic));
      check(count<Smooth>(Gaussian{}, ClipByGlobalNorm<Sgd>{.max_norm = 1.0, .inner = {.momentum = 0.9}}, batch,
                          threads, Binarization::kNone));
      check(count<Pooled>(Bernoulli{}, Adam{}, batch, threads, Binarization::kNone));
      for (const AnyLikelihood<float>& likelihood : likelihoods)
        check(count<Mlp>(likelihood, Adam{}, batch, threads, Binarization::kDynamic));
      check(count<Mlp>(Ssim<Image<1, 28, 28>>{.pixel_weight = 0.1}, Adam{}, batch, threads, Binarization::kNone));
      check(count<Mlp>(MsSsim<Image<1, 28, 28>, 2>{}, Adam{}, batch, threads, Binarization::kDynamic));
      check(count<WithSigma>(LearnedGaussian{}, Adam{}, batch, threads, Binarization::kNone));
      check(count<WithVariances>(GaussianPerPixel{}, Adam{}, batch, threads, Binarization::kNone));
      check(count<Convolutional>(Bernoulli{}, Adam{}, batch, threads, Binarization::kNone));
      if (batch > 1) check(count<Normalized>(Bernoulli{}, Adam{}, batch, threads, Binarization::kNone));
    }
}

TEST_CASE("A warm training step allocates nothing with any divergence", "[allocation]") {
  using Mlp = Vae<Image<1, 28, 28>, Encoder<Flatten, Linear<32>, ReLU>, Latent<10>, Decoder<Linear<784>>>;
  const auto check = [](const auto& divergence) {
    for (const Index batch : {Index{1}, Index{70}}) {
      const CountAllocations counter =
          count<Mlp>(Bernoulli{}, Adam{.learning_rate = 1e-5}, batch, 2, Binarization::kNone, divergence);
      INFO(divergence.kName << ", batch " << batch);
      CHECK(counter.warm_steps > 0);
      CHECK(counter.in_warm_steps == 0);
    }
  };
  check(Kl{.free_bits = 0.1, .form = FreeBits::kPerSampleAndLatent});
  check(Capacity{});
  check(TotalCorrelation{});
  check(DipVae{});
  check(Mmd{});
}

#else
TEST_CASE("Allocations are not counted under a sanitizer", "[allocation]") { SUCCEED(); }
#endif
