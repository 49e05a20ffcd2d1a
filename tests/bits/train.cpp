// Trains small models and writes all that came of it into a folder: tests/bits/run.sh compares the files of many builds
// of this program, byte by byte. Between them the models use every layer, initializer, likelihood, divergence, form of
// free bits, optimizer and schedule.
//
//   train IMAGES FOLDER THREADS      IMAGES: an IDX file, not compressed
//   train isas                       the instruction sets of this machine, one a line
#include <algorithm>
#include <bvae/bvae.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace {

using std::filesystem::path;

/// Numbers as text with all their bits.
class Report {
 public:
  explicit Report(const path& file) : out_(file) {}
  void add(const std::string& name, double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%a", value);
    out_ << name << ' ' << text << '\n';
  }
  template <class Values>
  void add_all(const std::string& name, const Values& values) {
    for (Eigen::Index i = 0; i < values.size(); ++i)
      add(name + "." + std::to_string(i), static_cast<double>(values.reshaped()[i]));
  }
  void add(const std::string& name, const bvae::History& history) {
    for (const bvae::EpochRecord& epoch : history.epochs) {
      const std::string at = name + "." + std::to_string(epoch.epoch) + ".";
      add(at + "beta", epoch.beta);
      add(at + "beta_norm", epoch.beta_norm);
      add(at + "learning_rate", epoch.learning_rate);
      add(at + "gradient_norm", epoch.gradient_norm);
      add(at + "objective", epoch.train.objective);
      add(at + "reconstruction", epoch.train.reconstruction);
      add(at + "divergence", epoch.train.divergence);
      add(at + "kl", epoch.train.kl);
      add_all(at + "kl_per_latent", epoch.train_kl_per_latent);
      if (!epoch.validation) continue;
      add(at + "validation.reconstruction", epoch.validation->reconstruction);
      add(at + "validation.kl", epoch.validation->kl);
      add(at + "validation.constant", epoch.validation->constant);
      add(at + "validation.elbo", epoch.validation->elbo());
      add(at + "validation.objective", epoch.validation->objective(epoch.beta));
      add_all(at + "validation.kl_per_latent", epoch.validation->kl_per_latent);
      add_all(at + "validation.mu_variance", epoch.validation->mu_variance);
    }
  }

 private:
  std::ofstream out_;
};

/// README's model: one epoch on all images.
void large(const bvae::Dataset& images, const path& folder, int threads, Report& history, Report& outputs) {
  using Model = bvae::Vae<bvae::Image<1, 28, 28>, bvae::Encoder<bvae::Flatten, bvae::Linear<400>, bvae::ReLU>,
                          bvae::Latent<20>, bvae::Decoder<bvae::Linear<400>, bvae::ReLU, bvae::Linear<784>>>;
  Model model{bvae::Seed{42}};
  bvae::save(model, folder / "start.safetensors");
  bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{.free_bits = 0.1},
                        bvae::WarmUp{.to = 4.0, .over = bvae::Epochs{3}}, bvae::Adam{.learning_rate = 1e-3}};
  history.add("large", trainer.fit(images, images.slice(0, 100),
                                   {.epochs = 1,
                                    .batch_size = 128,
                                    .seed = bvae::Seed{7},
                                    .threads = threads,
                                    .binarization = bvae::Binarization::kDynamic}));
  bvae::save(model, folder / "model.safetensors");
  outputs.add_all("large.mu", model.encode(images.columns<float>(0, 3)).mu);
  outputs.add_all("large.one", model.reconstruct(images.columns<float>(0, 1), bvae::Bernoulli{}));
  outputs.add_all("large.sample", model.sample(3, bvae::Bernoulli{}));
}

/// Odd sizes, and every activation.
template <class Scalar, class... Last>
using Small =
    bvae::Vae<bvae::Features<61>,
              bvae::Encoder<bvae::Linear<53>, bvae::Tanh, bvae::Linear<37, bvae::XavierUniform>, bvae::Sigmoid,
                            bvae::Linear<29, bvae::XavierNormal>, bvae::ELU, bvae::Linear<31>, bvae::SiLU>,
              bvae::Latent<7>,
              bvae::Decoder<bvae::Linear<19>, bvae::GELU, bvae::Linear<23, bvae::KaimingNormal>, bvae::Softplus,
                            bvae::Linear<41, bvae::KaimingUniform>, bvae::LeakyReLU, bvae::Linear<61>, Last...>,
              Scalar>;

template <class Scalar, class... Last, class L, class Optimizer, class Beta>
void small(const std::string& name, const bvae::Dataset& rows, const path& folder, int threads, const L& likelihood,
           const Beta& beta, const Optimizer& optimizer, Report& history, Report& outputs) {
  Small<Scalar, Last...> model{bvae::Seed{3}};
  bvae::Trainer trainer{model, likelihood, bvae::Kl{}, beta, optimizer};
  history.add(name, trainer.fit(rows, rows.slice(0, 77),
                                {.epochs = 3,
                                 .batch_size = 33,
                                 .seed = bvae::Seed{5},
                                 .threads = threads,
                                 .learning_rate_factor = bvae::LinearSchedule{.from = 1, .to = 0.3}}));
  bvae::save(model, folder / (name + ".safetensors"));
  outputs.add_all(name + ".mu", model.encode(rows.columns<Scalar>(0, 5)).mu);
  outputs.add_all(name + ".sample", model.sample(5, likelihood));
}

/// Convolutions, every normalisation, pools and random numbers inside of layers, on all kinds of sizes.
using Conv = bvae::Vae<
    bvae::Image<1, 28, 28>,
    bvae::Encoder<bvae::Conv2d<12, 4, 2, 1>, bvae::BatchNorm, bvae::ReLU, bvae::MaxPool2d<2>,
                  bvae::Residual<bvae::SpectralNorm<bvae::Conv2d<12, 3, 1, 1>>, bvae::GroupNorm<4>, bvae::SiLU>,
                  bvae::Conv2d<17, 3, 2, 1>, bvae::Flatten, bvae::Linear<40>, bvae::LayerNorm, bvae::ReLU,
                  bvae::Dropout<10>>,
    bvae::Latent<5>,
    bvae::Decoder<bvae::Linear<17 * 7 * 7>, bvae::BatchNorm, bvae::ReLU, bvae::Unflatten<bvae::Image<17, 7, 7>>,
                  bvae::ConvTranspose2d<9, 4, 2, 1>, bvae::BatchNorm, bvae::ELU, bvae::Upsample2d<2>,
                  bvae::Conv2d<5, 3, 1, 1>, bvae::AvgPool2d<3, 1, 1>, bvae::ReLU, bvae::ConvTranspose2d<1, 3, 1, 1>>>;

template <class L, class D>
void conv(const std::string& name, const bvae::Dataset& images, const path& folder, int threads, const L& likelihood,
          const D& divergence, Report& history, Report& outputs) {
  Conv model{bvae::Seed{11}};
  bvae::Trainer trainer{model, likelihood, divergence, bvae::WarmUp{.to = 2.0, .over = bvae::Epochs{1}}, bvae::Adam{}};
  history.add(name, trainer.fit(images.slice(0, 203), images.slice(203, 250),
                                {.epochs = 2, .batch_size = 37, .seed = bvae::Seed{9}, .threads = threads}));
  bvae::save(model, folder / (name + ".safetensors"));
  outputs.add_all(name + ".mu", model.encode(images.columns<float>(0, 3)).mu);
  outputs.add_all(name + ".sample", model.sample(3, likelihood));
}

/// What the models above leave out: weights of every kind under SpectralNorm, orthogonal weights, a shortcut with
/// layers. The decoder's last layers are what a likelihood asks for.
template <class... Last>
using Spectral = bvae::Vae<
    bvae::Image<1, 14, 14>,
    bvae::Encoder<bvae::Conv2d<6, 4, 2, 1, bvae::Orthogonal>, bvae::ReLU, bvae::Flatten,
                  bvae::SpectralNorm<bvae::Linear<21, bvae::Orthogonal>>, bvae::LeakyReLU>,
    bvae::Latent<5>,
    bvae::Decoder<bvae::Linear<5 * 7 * 7, bvae::Orthogonal>, bvae::SiLU, bvae::Unflatten<bvae::Image<5, 7, 7>>,
                  bvae::Residual<bvae::Shortcut<bvae::Conv2d<7, 1, 1, 0, bvae::Zeros>>,
                                 bvae::SpectralNorm<bvae::ConvTranspose2d<7, 3, 1, 1>>, bvae::Tanh>,
                  Last...>>;

template <class... Last, class L>
void spectral(const std::string& name, const bvae::Dataset& images, const path& folder, int threads,
              const L& likelihood, const bvae::AnyDivergence<float>& divergence, const bvae::AnySchedule& beta,
              Report& history, Report& outputs) {
  Spectral<Last...> model{bvae::Seed{13}};
  bvae::Trainer trainer{model, likelihood, divergence, beta, bvae::Adam{.learning_rate = 3e-3}};
  history.add(name, trainer.fit(images.slice(0, 150), images.slice(150, 53),
                                {.epochs = 2, .batch_size = 37, .seed = bvae::Seed{9}, .threads = threads}));
  bvae::save(model, folder / (name + ".safetensors"));
  outputs.add_all(name + ".mu", model.encode(images.columns<float>(0, 3)).mu);
  outputs.add_all(name + ".sample", model.sample(3, likelihood));
}

/// Every second pixel of every second row, with labels that a network can learn: which quarter has the most ink.
bvae::Dataset quarters(const bvae::Dataset& images) {
  const Eigen::MatrixXf large = images.columns<float>(0, 203);
  std::vector<float> values;
  std::vector<std::uint8_t> labels;
  for (bvae::Index s = 0; s < large.cols(); ++s) {
    float ink[4] = {};
    for (bvae::Index y = 0; y < 14; ++y)
      for (bvae::Index x = 0; x < 14; ++x) {
        values.push_back(large(56 * y + 2 * x, s));
        ink[2 * (y / 7) + x / 7] += values.back();
      }
    labels.push_back(static_cast<std::uint8_t>(std::max_element(ink, ink + 4) - ink));
  }
  return bvae::Dataset::from_values(std::move(values), {1, 14, 14}, std::move(labels));
}

/// A classifier on what networks trained on ImageNet take, for Perceptual.
using Classifier = bvae::TrainedNetwork<
    bvae::Network<bvae::Image<1, 14, 14>, bvae::ImageNetInput, bvae::Conv2d<6, 3, 2, 1>, bvae::BatchNorm, bvae::ReLU,
                  bvae::Conv2d<9, 3, 2, 1>, bvae::Tanh, bvae::Flatten, bvae::Linear<4>>>;

void other_losses(const bvae::Dataset& images, const path& folder, int threads, Report& history, Report& outputs) {
  const bvae::Dataset small_images = quarters(images);
  Classifier features{bvae::Seed{17}};
  const std::vector<bvae::ClassifierEpoch> learnt =
      bvae::fit_classifier(features, small_images, {.epochs = 2, .batch_size = 37, .threads = threads});
  history.add("features.loss", learnt.back().loss);
  history.add("features.accuracy", learnt.back().accuracy);
  bvae::save(features, folder / "features.safetensors");

  const auto one = [&](const std::string& name, const bvae::AnyLikelihood<float>& likelihood,
                       const bvae::AnyDivergence<float>& divergence, const bvae::AnySchedule& beta) {
    spectral<bvae::SpectralNorm<bvae::ConvTranspose2d<1, 4, 2, 1>>>(name, small_images, folder, threads, likelihood,
                                                                    divergence, beta, history, outputs);
  };
  one("perceptual", bvae::Perceptual<bvae::Bernoulli, Classifier, 3, 5>(features, bvae::Bernoulli{}, 0.3),
      bvae::Kl{.free_bits = 0.02, .form = bvae::FreeBits::kPerSampleAndLatent},
      bvae::PidController{.kl = 0.1, .ki = 0.01, .kd = 0.003});
  one("ssim", bvae::Ssim<bvae::Image<1, 14, 14>, bvae::Laplace>{.pixel_weight = 0.3},
      bvae::Kl{.free_bits = 0.15, .form = bvae::FreeBits::kPerSample},
      bvae::Geco{.reconstruction = 20, .every = bvae::Steps{2}, .rate = 0.003});
  one("total", bvae::Gaussian{.sigma = 0.3}, bvae::Kl{.free_bits = 0.1, .form = bvae::FreeBits::kTotal},
      bvae::Cosine{.from = 0.1, .over = bvae::Steps{7}});
  one("mask_per_sample", bvae::Bernoulli{}, bvae::Kl{.free_bits = 0.3, .form = bvae::FreeBits::kMaskPerSample},
      bvae::SigmoidSchedule{.to = 2, .over = bvae::Epochs{1.7}});
  one("mask_per_latent", bvae::Bernoulli{}, bvae::Kl{.free_bits = 0.3, .form = bvae::FreeBits::kMaskPerSampleAndLatent},
      bvae::Exponential{.over = bvae::Steps{9}});
  one("mask_total", bvae::Bernoulli{}, bvae::Kl{.free_bits = 0.1, .form = bvae::FreeBits::kMaskTotal},
      bvae::Piecewise{.points = {{bvae::Steps{0}, 0.1}, {bvae::Epochs{1.3}, 0.7}}});
  spectral<bvae::ConvTranspose2d<2, 4, 2, 1>>("per_pixel", small_images, folder, threads, bvae::GaussianPerPixel{},
                                              bvae::Capacity{bvae::LinearSchedule{.to = 3}, 7.0}, bvae::Constant{1},
                                              history, outputs);
  spectral<bvae::ConvTranspose2d<1, 4, 2, 1>, bvae::SharedLogSigma>(
      "learned", small_images, folder, threads, bvae::LearnedGaussian{}, bvae::Capacity{},
      bvae::Cyclical{.cycles = 2, .shape = bvae::RampShape::kCosine}, history, outputs);
}

void train(const path& file, const path& folder, int threads) {
  std::filesystem::create_directories(folder);
  const bvae::Dataset images = bvae::idx::load(file);
  Report history(folder / "history.txt");
  Report outputs(folder / "outputs.txt");
  large(images, folder, threads, history, outputs);
  conv("conv", images, folder, threads, bvae::Bernoulli{}, bvae::Kl{}, history, outputs);
  conv("conv_continuous", images, folder, threads, bvae::ContinuousBernoulli{}, bvae::TotalCorrelation{}, history,
       outputs);
  conv("conv_optimal", images, folder, threads, bvae::OptimalGaussian{}, bvae::DipVae{}, history, outputs);
  conv("conv_laplace", images, folder, threads, bvae::Laplace{}, bvae::Mmd{}, history, outputs);
  conv("conv_ms_ssim", images, folder, threads, bvae::MsSsim<bvae::Image<1, 28, 28>, 2>{.pixel_weight = 0.1},
       bvae::Kl{}, history, outputs);
  other_losses(images, folder, threads, history, outputs);
  // The middle of some images.
  const Eigen::MatrixXf pixels = images.columns<float>(0, 301).middleRows(360, 61);
  const bvae::Dataset rows(pixels);
  small<float>("adamw", rows, folder, threads, bvae::Gaussian{.sigma = 0.3}, bvae::Cyclical{.to = 0.7, .cycles = 3},
               bvae::AdamW{.learning_rate = 3e-3, .weight_decay = 0.03}, history, outputs);
  small<float>("sgd", rows, folder, threads, bvae::Gaussian{.sigma = 0.3},
               bvae::Sequence{}
                   .then(bvae::Constant{0.1}, bvae::Epochs{0.7})
                   .finally(bvae::LinearSchedule{.from = 0.1, .to = 0.9, .over = bvae::Steps{17}}),
               bvae::ClipByGlobalNorm<bvae::Sgd>{
                   .max_norm = 3.0, .inner = {.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 1e-3}},
               history, outputs);
  small<double, bvae::SharedLogSigma>(
      "double", rows, folder, threads, bvae::LearnedGaussian{}, bvae::WarmUp{},
      bvae::ClipByGlobalNorm<bvae::Adam>{.max_norm = 5.0, .inner = {.learning_rate = 3e-3}}, history, outputs);
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string(arguments[1]) == "isas") {
    for (const bvae::Isa isa : {bvae::Isa::kBaseline, bvae::Isa::kV3, bvae::Isa::kV4})
      if (isa <= bvae::best_isa()) std::cout << name(isa) << '\n';
    return 0;
  }
  if (count != 4) {
    std::cerr << "usage: train IMAGES FOLDER THREADS, or train isas\n";
    return 2;
  }
  try {
    train(arguments[1], arguments[2], std::atoi(arguments[3]));
  } catch (const std::exception& error) {
    std::cerr << "train: " << error.what() << '\n';
    return 1;
  }
}
