#include "objective.hpp"

#include <bvae/bvae.hpp>
#include <bvae/io/load.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

/// Small, and good enough to tell digits apart: its first two layers see strokes, and how they meet.
using DigitNetwork = bvae::Network<bvae::Image<1, 28, 28>, bvae::Conv2d<16, 4, 2, 1>, bvae::ReLU,
                                   bvae::Conv2d<32, 4, 2, 1>, bvae::ReLU, bvae::Flatten, bvae::Linear<10>>;
using DigitFeatures = bvae::TrainedNetwork<DigitNetwork>;

/// The beginning of VGG-16, which sees strokes and how they meet. What comes behind is for larger images: of a digit it
/// leaves 7x7 pixels and fewer.
using VggLayers = bvae::Vgg16Layers;
using VggFeatures = bvae::Vgg16<bvae::Image<1, 28, 28>, VggLayers::kRelu2_2 + 1>;

/// The pixel term beside terms on whole images. They must know when they are compiled how the decoder's output becomes
/// the image; what else distinguishes pixel terms may wait. So there are two types, of logits and of the image itself,
/// and not one for each likelihood.
template <bvae::kernels::Activation Mean>
struct PixelTerm {
  bvae::AnyLikelihood<> term;

  static constexpr std::string_view kName = "pixel-term";
  static constexpr bvae::Index kOutputsPerFeature = 1;
  static constexpr bvae::kernels::Activation kMeanActivation = Mean;

  void operator()(bvae::ConstView<float> target, bvae::ConstView<float> output, float weight, std::span<double> values,
                  bvae::View<float> gradient) const {
    term(target, output, weight, values, gradient);
  }
  void validate() const { term.validate(); }
  void mean(bvae::View<float> output) const { term.mean(output); }
  [[nodiscard]] double output_for_mean(double mean) const { return term.output_for_mean(mean); }
  void check_targets(double minimum, double maximum) const { term.check_targets(minimum, maximum); }
};

/// For each tap how many of its values there are for each pixel. (VGG's first has 64, the digits' network's 4: a sum
/// over them all would leave nothing of the pixels and of the KL.)
template <class Features, int... Taps>
constexpr std::array<double, sizeof...(Taps)> values_per_pixel() {
  return {static_cast<double>(Features::Network::template Bound<Taps + Features::kFirstLayer>::Output::kSize) /
          static_cast<double>(Features::kFeatures)...};
}

VggFeatures load_vgg(const std::filesystem::path& path) {
  VggFeatures features;
  bvae::load(features, path, {.allow_others = true});  // deeper layers, and the classifier
  return features;
}

DigitFeatures make_features(const Experiment& experiment) {
  const auto& [options, digits, folder] = experiment;
  DigitFeatures features{bvae::Seed{options.seed}};
  if (options.features) {
    bvae::load(features, *options.features);
  } else {
    std::cerr << "mnist: training the features on the digits' labels ...\n";
    bvae::fit_classifier(features, digits.train,
                         {.epochs = 3,
                          .batch_size = std::min<bvae::Index>(128, digits.train.size()),
                          .seed = bvae::Seed{options.seed},
                          .threads = options.threads});
  }
  std::cerr << "mnist: the features' network names " << std::fixed << std::setprecision(2)
            << 100 * bvae::classification_accuracy(features, digits.test) << " % of the test digits rightly\n"
            << std::defaultfloat;
  bvae::save(features, folder / "features.safetensors");
  return features;
}

bvae::AnyLikelihood<> make_pixel_likelihood(const Options& options) {
  const std::string& name = options.pixels();
  if (name == "gaussian") return bvae::Gaussian{.sigma = options.sigma};
  if (name == "laplace") return bvae::Laplace{.scale = options.sigma};
  if (name == "continuous-bernoulli") return bvae::ContinuousBernoulli{};
  if (name == "optimal-gaussian") return bvae::OptimalGaussian{};
  return bvae::Bernoulli{};
}

/// For likelihoods that see whole images.
template <bvae::kernels::Activation Mean>
bvae::AnyLikelihood<> make_image_likelihood(const Experiment& experiment) {
  const Options& options = experiment.options;
  using Pixel = PixelTerm<Mean>;
  using Digit = bvae::Image<1, 28, 28>;
  const Pixel pixel{make_pixel_likelihood(options)};
  if (options.likelihood == "perceptual") {
    // The outputs of the first and the second ReLU.
    bvae::Perceptual<Pixel, DigitFeatures, 1, 3> likelihood(make_features(experiment), pixel, options.pixel_weight);
    likelihood.weights.fill(options.feature_weight);
    return likelihood;
  }
  if (options.likelihood == "vgg") {
    bvae::Perceptual<Pixel, VggFeatures, VggLayers::kRelu1_2, VggLayers::kRelu2_2> likelihood(
        load_vgg(*options.features), pixel, options.pixel_weight);
    likelihood.weights = values_per_pixel<VggFeatures, VggLayers::kRelu1_2, VggLayers::kRelu2_2>();
    for (double& weight : likelihood.weights) weight = options.feature_weight / weight;
    return likelihood;
  }
  if (options.likelihood == "ssim")
    return bvae::Ssim<Digit, Pixel>{
        .weight = options.ssim_weight, .pixel_weight = options.pixel_weight, .pixel = pixel};
  return bvae::MsSsim<Digit, 2, Pixel>{
      .weight = options.ssim_weight, .pixel_weight = options.pixel_weight, .pixel = pixel};
}

}  // namespace

std::vector<int> name_digits(const std::filesystem::path& features, const bvae::Matrix<float>& images) {
  DigitFeatures network;
  bvae::load(network, features);
  const bvae::Matrix<float> logits = network.output(images);
  std::vector<int> names;
  for (bvae::Index s = 0; s < logits.cols(); ++s) {
    bvae::Index largest = 0;
    logits.col(s).maxCoeff(&largest);
    names.push_back(static_cast<int>(largest));
  }
  return names;
}

bvae::AnyLikelihood<> make_likelihood(const Experiment& experiment) {
  using bvae::kernels::Activation;
  const Options& options = experiment.options;
  if (!options.sees_images()) return make_pixel_likelihood(options);
  if (options.pixel_term == "bernoulli") return make_image_likelihood<Activation::kSigmoid>(experiment);
  return make_image_likelihood<Activation::kIdentity>(experiment);
}

void start_weights(std::span<float> parameters, const std::vector<bvae::NamedTensor>& tensors, const Options& options) {
  const auto fill = [&](std::span<float> weights, bvae::Index fan_in, bvae::Index fan_out, std::uint64_t number) {
    const bvae::RandomStream random(bvae::Seed{options.seed}, bvae::Stream::kUser, number);
    if (options.init == "kaiming-uniform") return bvae::KaimingUniform::fill(weights, fan_in, fan_out, random, 0u);
    if (options.init == "kaiming-normal") return bvae::KaimingNormal::fill(weights, fan_in, fan_out, random, 0u);
    if (options.init == "xavier-uniform") return bvae::XavierUniform::fill(weights, fan_in, fan_out, random, 0u);
    if (options.init == "xavier-normal") return bvae::XavierNormal::fill(weights, fan_in, fan_out, random, 0u);
    if (options.init == "zeros") return bvae::Zeros::fill(weights, fan_in, fan_out, random, 0u);
    bvae::Orthogonal::fill(weights, fan_in, fan_out, random, 0u);
  };
  std::vector<float> values;
  std::string bias;  // of the last weight
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    const auto& [name, info, offset] = tensors[t];
    // Normalisations have weights too, but those are vectors. SpectralNorm's have a longer name, as in PyTorch.
    const bool is_weight = info.rank >= 2 && (name.ends_with(".weight") || name.ends_with(".weight.original"));
    if (!is_weight && name != bias) continue;
    values.assign(static_cast<std::size_t>(info.size()), 0.0F);
    if (is_weight) {
      // PyTorch's fans: kernels count for both, and a transposed convolution has its inputs first.
      const bvae::Index taps = info.columns() / info.extents[1];
      fill(values, info.columns(), info.rows() * taps, t);
      const std::string_view inside = ".parametrizations.weight.original";
      bias = name.substr(0, name.size() - (name.ends_with(inside) ? inside.size() : 7)) + ".bias";
    }
    bvae::set_values<float>(info, parameters.data() + offset, values);
  }
}

bvae::AnyDivergence<> make_divergence(const Options& options) {
  const std::string& name = options.divergence;
  if (name == "capacity") {
    const bvae::Epochs ramp{options.capacity_ramp()};
    return bvae::Capacity{bvae::LinearSchedule{.to = options.capacity, .over = ramp}, options.gamma};
  }
  if (name == "total-correlation") {
    using Estimator = bvae::MinibatchEstimator;
    return bvae::TotalCorrelation{
        .alpha = options.mi_weight,
        .beta_tc = options.tc_weight,
        .gamma = options.dimension_weight,
        .estimator = options.tc_estimator == "weighted" ? Estimator::kWeighted : Estimator::kStratified};
  }
  if (name == "dip-vae-i" || name == "dip-vae-ii") {
    const bool first = name == "dip-vae-i";
    return bvae::DipVae{.type = first ? bvae::DipType::kI : bvae::DipType::kII,
                        .lambda_od = options.lambda_od,
                        .lambda_d = options.dip_lambda_d()};
  }
  if (name == "mmd") {
    const bool rbf = options.mmd_kernel == "rbf";
    return bvae::Mmd{.lambda = options.mmd_weight,
                     .kl_weight = options.kl_weight,
                     .kernel = rbf ? bvae::MmdKernel::kRbf : bvae::MmdKernel::kInverseMultiquadratic,
                     .bandwidth = options.mmd_bandwidth};
  }
  const auto form = std::find(kFreeBitsForms.begin(), kFreeBitsForms.end(), options.free_bits_form);
  return bvae::Kl{.free_bits = options.free_bits,
                  .form = static_cast<bvae::FreeBits>(std::distance(kFreeBitsForms.begin(), form))};
}

bvae::AnyOptimizer<> make_optimizer(const Options& options) {
  const auto clipped = [&](auto optimizer) -> bvae::AnyOptimizer<> {
    if (!options.clip) return optimizer;
    return bvae::ClipByGlobalNorm<decltype(optimizer)>{.max_norm = *options.clip, .inner = optimizer};
  };
  if (options.optimizer == "adamw") return clipped(bvae::AdamW{.learning_rate = options.learning_rate});
  if (options.optimizer == "sgd") return clipped(bvae::Sgd{.learning_rate = options.learning_rate, .momentum = 0.9});
  return clipped(bvae::Adam{.learning_rate = options.learning_rate});
}
