// Writes models with bvae::save, and their outputs on data that PyTorch can make too. See run.sh.
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

// Everything with tensors of its own, and orders that differ: images in the middle, state, layers inside of layers.
using Convolutional = bvae::Vae<
    bvae::Image<2, 8, 6>,
    bvae::Encoder<bvae::SpectralNorm<bvae::Conv2d<5, 4, 2, 1>>, bvae::BatchNorm, bvae::ReLU,
                  bvae::Residual<bvae::Conv2d<5, 3, 1, 1>, bvae::BatchNorm, bvae::SiLU>, bvae::Flatten,
                  bvae::SpectralNorm<bvae::Linear<16>>, bvae::LayerNorm, bvae::ReLU, bvae::Dropout<10>>,
    bvae::Latent<3>,
    bvae::Decoder<bvae::Linear<4 * 4 * 3>, bvae::BatchNorm, bvae::ReLU, bvae::Unflatten<bvae::Image<4, 4, 3>>,
                  bvae::Residual<bvae::Shortcut<bvae::Conv2d<6, 1>>,
                                 bvae::SpectralNorm<bvae::ConvTranspose2d<6, 3, 1, 1>>, bvae::GroupNorm<3>, bvae::Tanh>,
                  bvae::ConvTranspose2d<2, 4, 2, 1>, bvae::SharedLogSigma>>;

constexpr Index kSamples = 7;

// One sample after the other, as PyTorch's [samples, rows].
template <class Scalar>
bvae::TensorView view(const std::string& name, const bvae::Matrix<Scalar>& m) {
  return bvae::TensorView::of<Scalar>(name, {m.cols(), m.rows()},
                                      std::span<const Scalar>(m.data(), static_cast<std::size_t>(m.size())));
}

template <class Model>
bvae::Matrix<typename Model::Scalar> images() {
  using Scalar = typename Model::Scalar;
  bvae::Matrix<Scalar> x(Model::kFeatures, kSamples);
  const bvae::RandomStream random(bvae::Seed{1}, bvae::Stream::kUser);
  for (Index s = 0; s < kSamples; ++s)
    random.uniform(static_cast<std::uint32_t>(s),
                   std::span<Scalar>(x.col(s).data(), static_cast<std::size_t>(Model::kFeatures)));
  return x;
}

// NAME.safetensors is the model. NAME_outputs.safetensors: images are [samples, height, width, channels], as they lie
// in our memory; the other side permutes them, so that no code of the library's own converts.
template <class Model, class Likelihood>
void write(const std::filesystem::path& folder, const std::string& name, const Model& model,
           const Likelihood& likelihood) {
  using Scalar = typename Model::Scalar;
  bvae::save(model, folder / (name + ".safetensors"));
  const bvae::Matrix<Scalar> x = images<Model>();
  const bvae::Posterior<Scalar> q = model.encode(x);
  const bvae::Matrix<Scalar> all = model.decode(q.mu);
  const bvae::Matrix<Scalar> decoded = all.topRows(Model::kFeatures);
  const bvae::Matrix<Scalar> shared = all.bottomRows(all.rows() - Model::kFeatures);
  const bvae::Matrix<Scalar> mean = model.reconstruct(x, likelihood);
  std::vector<bvae::TensorView> outputs{view("x", x), view("mu", q.mu), view("log_variance", q.log_variance),
                                        view("decoded", decoded), view("mean", mean)};
  if (shared.rows() > 0) outputs.push_back(view("log_sigma", shared));
  bvae::write_safetensors(folder / (name + "_outputs.safetensors"), outputs);
}

// Its statistics, log sigma and the vectors of the power iteration are not those that it began with.
Convolutional trained() {
  Convolutional model(bvae::Seed{2024});
  bvae::Trainer trainer{model, bvae::LearnedGaussian{}, bvae::Kl{}, bvae::Constant{1},
                        bvae::Adam{.learning_rate = 1e-2}};
  trainer.fit(bvae::Dataset(images<Convolutional>(), {2, 8, 6}), {.epochs = 3, .batch_size = kSamples, .threads = 1});
  return model;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("save_model FOLDER\n", stderr);
    return 2;
  }
  try {
    const bvae::Seed seed{2024};
    write(argv[1], "grey", Grey(seed), bvae::Bernoulli{});
    write(argv[1], "color", Color(seed), bvae::Bernoulli{});
    write(argv[1], "convolutional", trained(), bvae::LearnedGaussian{});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "save_model: %s\n", error.what());
    return 1;
  }
  return 0;
}
