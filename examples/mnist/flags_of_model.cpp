#include "flags.hpp"

namespace flags {

void add_data(Flags& flags) {
  flags.group("Data")
      .choice("--dataset", &Options::dataset, {"mnist", "fashion", "bundled"},
              "mnist: from the cache folder ($BVAE_CACHE/mnist, else\n"
              "~/.cache/bvae/mnist); fashion: Debian's dataset-fashion-mnist;\n"
              "bundled: the digits in the repository")
      .folder("--data", &Options::data, "take the four IDX files from here")
      .choice("--binarize", &Options::binarize, {"none", "static", "dynamic"},
              "pixels become 1 with their grey value as probability;\n"
              "static: drawn once from the seed; dynamic: in every epoch anew");
}

void add_model(Flags& flags) {
  flags.group("Model")
      .choice("--model", &Options::model, {"mlp", "mlp2d", "mlp-deep", "mlp-bn", "mlp-ln", "mlp-sn", "conv", "resnet"},
              "mlp: 784-400-20; mlp2d: 784-400-2; mlp-deep: 784-256-256-50, with a\n"
              "decoder of eight layers of 256; mlp-bn, mlp-ln, mlp-sn: mlp\n"
              "with BatchNorm, LayerNorm (before ReLU) or SpectralNorm (around\n"
              "Linear); conv: two convolutions 4x4 of 32 channels with stride 2,\n"
              "256-20, mirrored; all with ReLU; resnet: 3x3 convolutions,\n"
              "residual blocks with GroupNorm and SiLU, pools, Dropout, Upsample2d")
      .choice(
          "--init", &Options::init,
          {"default", "kaiming-uniform", "kaiming-normal", "xavier-uniform", "xavier-normal", "orthogonal", "zeros"},
          "how the weights of linear layers and convolutions start, their\n"
          "biases then at 0; default: as the model's layers say, PyTorch's\n"
          "(in resnet one is orthogonal)")
      .choice("--output-bias", &Options::output_bias, {"default", "mean"},
              "how the decoder's last bias starts; mean: where its output is the\n"
              "mean of the training images");
}

void add_reconstruction(Flags& flags) {
  const Options defaults;
  flags.group("Reconstruction")
      .choice("--likelihood", &Options::likelihood,
              {"bernoulli", "gaussian", "laplace", "continuous-bernoulli", "optimal-gaussian", "learned-gaussian",
               "gaussian-per-pixel", "perceptual", "vgg", "ssim", "ms-ssim"},
              "of a pixel. gaussian: with --sigma; optimal-gaussian: with the sigma\n"
              "that suits each batch best; learned-gaussian: with one that is\n"
              "learned; gaussian-per-pixel: each pixel's comes from the decoder;\n"
              "perceptual: --pixel-term beside the distance of features, those of a\n"
              "small network that first learns to tell the digits apart;\n"
              "vgg: the same with VGG-16's (relu1_2, relu2_2) out of --features;\n"
              "ssim, ms-ssim: --pixel-term beside structural similarity, at one or\n"
              "two scales")
      .number("--sigma", &Options::sigma, 1e-6, 1e6, "a number from 1e-6 to 1e6", text(defaults.sigma),
              "of gaussian (1: half of the squared error); the scale of laplace")
      .choice("--pixel-term", &Options::pixel_term, {"bernoulli", "gaussian", "laplace"},
              "beside perceptual, vgg, ssim and ms-ssim")
      .number("--pixel-weight", &Options::pixel_weight, 0.0, 1e6, "a number, 0 to 1e6", text(defaults.pixel_weight),
              "of --pixel-term")
      .number("--feature-weight", &Options::feature_weight, 0.0, 1e6, "a number, 0 to 1e6",
              text(defaults.feature_weight),
              "of the squared distances of the features: of their sum in perceptual,\n"
              "in vgg of their mean times the 784 pixels, for each layer")
      .number("--ssim-weight", &Options::ssim_weight, 0.0, 1e6, "a number, 0 to 1e6", text(defaults.ssim_weight),
              "of 1 - SSIM in ssim and ms-ssim")
      .file("--features", &Options::features,
            "perceptual: features.safetensors of an earlier run; vgg: torchvision's\n"
            "vgg16() or vgg19(), state_dict() as safetensors with its classifier")
      .file("--reader", &Options::reader,
            "features.safetensors of an earlier run, with another seed: its\n"
            "network reads the reconstructed digits, for the summary");
}

}  // namespace flags
