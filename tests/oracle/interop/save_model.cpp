// Writes two models with bvae::save, and their outputs on data that PyTorch can make too. See run.sh.
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bvae/bvae.hpp"

namespace {

using bvae::Index;

using Grey = bvae::Vae<bvae::Image<1, 6, 5>, bvae::Encoder<bvae::Flatten, bvae::Linear<16>, bvae::ReLU>,
                       bvae::Latent<3>, bvae::Decoder<bvae::Linear<16>, bvae::ReLU, bvae::Linear<30>>>;
using Color = bvae::Vae<bvae::Image<3, 4, 5>, bvae::Encoder<bvae::Flatten, bvae::Linear<16>, bvae::SiLU>,
                        bvae::Latent<4>, bvae::Decoder<bvae::Linear<16>, bvae::SiLU, bvae::Linear<60>>, double>;

constexpr Index kSamples = 7;

// One sample after the other, as PyTorch's [samples, rows].
template <class Scalar>
bvae::TensorView view(const std::string& name, const bvae::Matrix<Scalar>& m) {
  return bvae::TensorView::of<Scalar>(name, {m.cols(), m.rows()},
                                      std::span<const Scalar>(m.data(), static_cast<std::size_t>(m.size())));
}

// NAME.safetensors is the model. NAME_outputs.safetensors: images are [samples, height, width, channels], as they lie
// in our memory; the other side permutes them, so that no code of the library's own converts.
template <class Model>
void write(const std::filesystem::path& folder, const std::string& name) {
  using Scalar = typename Model::Scalar;
  const Model model(bvae::Seed{2024});
  bvae::save(model, folder / (name + ".safetensors"));
  bvae::Matrix<Scalar> x(Model::kFeatures, kSamples);
  const bvae::RandomStream random(bvae::Seed{1}, bvae::Stream::kUser);
  for (Index s = 0; s < kSamples; ++s)
    random.uniform(static_cast<std::uint32_t>(s),
                   std::span<Scalar>(x.col(s).data(), static_cast<std::size_t>(Model::kFeatures)));
  const bvae::Posterior<Scalar> q = model.encode(x);
  const bvae::Matrix<Scalar> decoded = model.decode(q.mu);
  const bvae::Matrix<Scalar> probabilities = model.reconstruct(x, bvae::Bernoulli{});
  bvae::write_safetensors(
      folder / (name + "_outputs.safetensors"),
      std::vector<bvae::TensorView>{view("x", x), view("mu", q.mu), view("log_variance", q.log_variance),
                                    view("decoded", decoded), view("probabilities", probabilities)});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("save_model FOLDER\n", stderr);
    return 2;
  }
  try {
    write<Grey>(argv[1], "grey");
    write<Color>(argv[1], "color");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "save_model: %s\n", error.what());
    return 1;
  }
  return 0;
}
