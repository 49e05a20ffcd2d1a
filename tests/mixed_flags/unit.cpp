// Compiled twice with different flags; BVAE_UNIT is the namespace.
#include "unit.hpp"

#include <bvae/bvae.hpp>
#include <cstddef>
#include <cstring>
#include <vector>

namespace {

/// FNV-1a of the bytes.
template <class T>
void mix(std::uint64_t& sum, const T* values, std::size_t count) {
  unsigned char bytes[sizeof(T)];
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(bytes, values + i, sizeof(T));
    for (const unsigned char byte : bytes) sum = (sum ^ byte) * 0x100000001b3u;
  }
}

std::vector<float> uniform(std::uint32_t sample, std::size_t count) {
  std::vector<float> values(count);
  bvae::RandomStream(bvae::Seed{11}, bvae::Stream::kUser).uniform(sample, std::span<float>(values));
  return values;
}

std::uint64_t adam() {
  std::uint64_t sum = 0xcbf29ce484222325u;
  const bvae::Adam optimizer{.learning_rate = 3e-3};
  const std::size_t count = 1003;
  std::vector<float> p = uniform(1, count), m(count), v(count);
  for (int t = 1; t <= 5; ++t) {
    const std::vector<float> g = uniform(static_cast<std::uint32_t>(t) + 1, count);
    optimizer.step<float>({t, 3e-3, 1.0, 1.0}, p, g, {std::span<float>(m), std::span<float>(v)});
  }
  mix(sum, p.data(), count);
  mix(sum, m.data(), count);
  mix(sum, v.data(), count);
  return sum;
}

std::uint64_t training(int threads) {
  using Model = bvae::Vae<bvae::Features<61>, bvae::Encoder<bvae::Linear<37>, bvae::Tanh>, bvae::Latent<5>,
                          bvae::Decoder<bvae::Linear<43>, bvae::ReLU, bvae::Linear<61>>>;
  const bvae::Dataset data =
      bvae::Dataset::from_values(uniform(0, 61 * 200), {.channels = 1, .height = 1, .width = 61});
  Model model{bvae::Seed{1}};
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{.free_bits = 0.05},
                        bvae::WarmUp{.to = 0.7, .over = bvae::Epochs{2}}, bvae::AdamW{.learning_rate = 2e-3}};
  const bvae::Dataset validation = data.slice(0, 50);
  const bvae::History history = trainer.fit(data, validation,
                                            {.epochs = 3,
                                             .batch_size = 33,
                                             .seed = bvae::Seed{2},
                                             .threads = threads,
                                             .binarization = bvae::Binarization::kDynamic});
  std::uint64_t sum = 0xcbf29ce484222325u;
  mix(sum, model.parameters().data(), model.parameters().size());
  mix(sum, &history.epochs.back().train.objective, 1);
  mix(sum, &history.epochs.back().validation->kl, 1);
  const bvae::Matrix<float> codes = model.encode(data.columns<float>(0, 7)).mu;
  const bvae::Matrix<float> drawn = model.sample(9, bvae::Bernoulli{});
  mix(sum, codes.data(), static_cast<std::size_t>(codes.size()));
  mix(sum, drawn.data(), static_cast<std::size_t>(drawn.size()));
  return sum;
}

}  // namespace

bvae::Matrix<float> BVAE_UNIT::squares(bvae::Matrix<float> x) {
  bvae::Matrix<float> y(x.rows() + 1, x.cols());
  y.setOnes();
  y.topRows(x.rows()) = x.cwiseProduct(x);
  x = y;
  return x;
}

Checksums BVAE_UNIT::compute(int isa, int threads) {
  bvae::use_isa(static_cast<bvae::Isa>(isa));
  return {adam(), training(threads)};
}
