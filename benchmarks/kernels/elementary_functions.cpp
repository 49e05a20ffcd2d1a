// Elementary functions and activations.
#include <string>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

using bvae::kernels::Activation;
using bvae::kernels::Elementary;

template <Elementary kFunction>
void add_function(const std::string& name, float low, float high) {
  add_map(name, kInCache, low, high,
          [](Index count, const float* from, float* to) { bvae::kernels::apply<kFunction, float>(count, from, to); });
}

template <Activation A>
void add_activation(const std::string& name) {
  add_map(name, kInCache, -4, 4,
          [](Index count, const float* from, float* to) { bvae::kernels::activate<A, float>(count, from, to, 0.5f); });
  // What the layer put out does not matter for the speed; dy is what it put in.
  add(numbered(name + "_backward", kInCache), [](benchmark::State& state) {
    const auto y = numbers(kInCache, -0.4f, 0.9f);
    const auto dy = numbers(kInCache);
    bvae::Arena<float> dx(kInCache);
    measure_pass(state, kInCache, 12, [&] {
      bvae::kernels::activate_backward<A, float>(kInCache, y.data(), y.data(), dy.data(), dx.data(), 0.5f);
    });
  });
}

}  // namespace

void add_elementary_functions() {
  add_activation<Activation::kReLU>("relu");
  add_activation<Activation::kLeakyReLU>("leaky_relu");
  add_activation<Activation::kTanh>("tanh_layer");
  add_activation<Activation::kSigmoid>("sigmoid_layer");
  add_activation<Activation::kELU>("elu");
  add_activation<Activation::kSoftplus>("softplus_layer");
  add_activation<Activation::kSiLU>("silu");
  add_activation<Activation::kGELU>("gelu");

  add_function<Elementary::kExp>("exp", -10, 10);
  add_function<Elementary::kExpm1>("expm1", -10, 10);
  add_function<Elementary::kLog>("log", 0, 10);
  add_function<Elementary::kLog1p>("log1p", 0, 10);
  add_function<Elementary::kTanh>("tanh", -4, 4);
  add_function<Elementary::kSigmoid>("sigmoid", -8, 8);
  add_function<Elementary::kSoftplus>("softplus", -8, 8);
  add_function<Elementary::kErf>("erf", -4, 4);
  add_function<Elementary::kErfc>("erfc", -4, 4);
  add_function<Elementary::kSin>("sin", -10, 10);
  add_function<Elementary::kCos>("cos", -10, 10);
  add_function<Elementary::kNormalDistribution>("normal_distribution", -4, 4);
  add(numbered("cos_sin_of_turns", kInCache), [](benchmark::State& state) {
    const auto turn = numbers(kInCache, 0.0f, 1.0f);
    bvae::Arena<float> cosine(kInCache), sine(kInCache);
    measure_pass(state, kInCache, 12,
                 [&] { bvae::kernels::cos_sin_of_turns<float>(kInCache, turn.data(), cosine.data(), sine.data()); });
  });
}

}  // namespace bvae_benchmark
