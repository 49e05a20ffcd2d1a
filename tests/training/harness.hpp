/// A small model and images for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "bvae/bvae.hpp"

namespace harness {

using Model = bvae::Vae<bvae::Image<1, 6, 5>, bvae::Encoder<bvae::Flatten, bvae::Linear<24>, bvae::ReLU>,
                        bvae::Latent<4>, bvae::Decoder<bvae::Linear<24>, bvae::ReLU, bvae::Linear<30>>>;

/// Grey images of two bars, so that there is something to learn.
inline bvae::Dataset bars(bvae::Index samples, std::uint64_t seed = 1) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(samples * 30));
  const bvae::RandomStream random(bvae::Seed{seed}, bvae::Stream::kUser);
  for (bvae::Index s = 0; s < samples; ++s) {
    const auto words = random.words(static_cast<std::uint32_t>(s), 0);
    for (bvae::Index y = 0; y < 6; ++y)
      for (bvae::Index x = 0; x < 5; ++x) {
        const bool on = y == bvae::Index{words[0] % 6} || x == bvae::Index{words[1] % 5};
        bytes[static_cast<std::size_t>(s * 30 + y * 5 + x)] =
            static_cast<std::uint8_t>(on ? 200 + words[2] % 50 : words[3] % 30);
      }
  }
  return bvae::Dataset::from_bytes(std::move(bytes), {1, 6, 5});
}

template <class M, class Schedule = bvae::Constant>
auto trainer_of(M& model, double learning_rate = 1e-2, Schedule schedule = {}) {
  return bvae::Trainer{model, bvae::Bernoulli{}, bvae::Kl{}, schedule, bvae::Adam{.learning_rate = learning_rate}};
}

}  // namespace harness
