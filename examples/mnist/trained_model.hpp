#pragma once

#include <bvae/core/types.hpp>

#include <functional>

/// What pictures and summary ask of a model, without its type: they compile once and not with every model and
/// likelihood. A column is an image, or its latents.
struct TrainedModel {
  using Images = bvae::Matrix<float>;
  struct Code {
    bvae::Matrix<float> mu;
    bvae::Matrix<float> log_variance;
  };
  std::function<Code(const Images&)> encode;
  std::function<Images(const bvae::Matrix<float>&)> decode;  ///< to the likelihood's mean
};
