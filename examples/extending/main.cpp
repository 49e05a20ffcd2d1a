// One member of each family, written by a user: none of them touches the library. README quotes the parts.
#include <bvae/bvae.hpp>
#include <bvae/testing/gradient_check.hpp>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string_view>

// begin layer
struct Sine {  // y = sin x
  template <bvae::Shape In>
  struct Bind {
    using Output = In;
    template <class Scalar>
    static void forward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar> x, bvae::View<Scalar> y) {
      y.array() = x.array().sin();
    }
    template <class Scalar>
    static void backward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar> x, bvae::ConstView<Scalar>,
                         bvae::ConstView<Scalar> dy, bvae::View<Scalar> dx) {
      dx.array() = dy.array() * x.array().cos();
    }
  };
};
// end layer

// begin initializer
struct SmallNormal {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, bvae::Index, bvae::Index, const bvae::RandomStream& random,
                   std::uint32_t tensor) {
    random.normal(tensor, weights);
    for (Scalar& w : weights) w *= Scalar(0.05);
  }
};
// end initializer

// begin likelihood
struct Huber {  // squared near the target, linear beyond distance 1
  static constexpr std::string_view kName = "huber";
  static constexpr bvae::Index kOutputsPerFeature = 1;
  template <class Scalar>
  void operator()(bvae::ConstView<Scalar> target, bvae::ConstView<Scalar> output, Scalar weight,
                  std::span<double> values, bvae::View<Scalar> gradient) const {
    for (bvae::Index s = 0; s < target.cols(); ++s) {
      const auto d = (output.col(s) - target.col(s)).array();
      const auto a = d.abs();
      values[static_cast<std::size_t>(s)] =
          (a <= Scalar(1)).select(Scalar(0.5) * d.square(), a - Scalar(0.5)).template cast<double>().sum();
      gradient.col(s) = weight * d.max(Scalar(-1)).min(Scalar(1)).matrix();
    }
  }
  template <class Scalar>
  void mean(bvae::View<Scalar>) const {}       // the output is the image already
  void check_targets(double, double) const {}  // any finite data will do
};
// end likelihood

// begin divergence
struct WeightedKl {  // the first latent may speak for free
  static constexpr std::string_view kName = "weighted-kl";
  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress&, bvae::DivergenceTerms<Scalar>& terms) const {
    q.kl_per_latent(terms.kl_per_latent);
    terms.weight.setOnes();
    terms.weight[0] = 0;
    terms.value = terms.weight.dot(terms.kl_per_latent);
    const Eigen::OuterStride<> stride(q.latents());
    q.kl_gradient(terms.weight, {terms.d_mu.data(), q.latents(), q.samples(), stride},
                  {terms.d_log_variance.data(), q.latents(), q.samples(), stride});
  }
};
// end divergence

// begin optimizer
struct SignSgd {
  double learning_rate = 1e-3;
  static constexpr int kMoments = 0;
  static constexpr std::string_view kName = "sign-sgd";
  [[nodiscard]] double base_learning_rate() const { return learning_rate; }
  template <class Scalar>
  void step(const bvae::OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, 0>&) const {
    const Scalar rate = static_cast<Scalar>(step.learning_rate);
    for (std::size_t i = 0; i < parameters.size(); ++i)
      parameters[i] -= gradient[i] > 0 ? rate : gradient[i] < 0 ? -rate : Scalar(0);
  }
};
// end optimizer

// begin feedback
struct HoldKl {  // 1 % more beta after a step with too much KL, 1 % less after one with too little
  double kl;
  double beta[1] = {1.0};

  double operator()(const bvae::Progress&) const { return beta[0]; }
  void observe(const bvae::Progress&, const bvae::Observation& seen) { beta[0] *= seen.kl > kl ? 1.01 : 0.99; }
  std::span<const double> state() const { return beta; }
  void restore(std::span<const double> saved) {
    if (saved.size() != 1) throw std::invalid_argument("HoldKl: a state has one number");
    beta[0] = saved[0];
  }
};
// end feedback

int main() {
  using Model = bvae::Vae<bvae::Features<12>, bvae::Encoder<bvae::Linear<16, SmallNormal>, Sine>, bvae::Latent<2>,
                          bvae::Decoder<bvae::Linear<16>, Sine, bvae::Linear<12>>>;

  // begin check
  const auto check = bvae::testing::check_layers<bvae::Features<5>, Sine, bvae::Linear<4>, Sine>();
  std::cout << "relative error of the gradients: " << check.relative_error() << '\n';
  // end check
  if (!(check.relative_error() < 1e-8)) return 1;

  const bvae::Dataset data(Eigen::MatrixXf(Eigen::MatrixXf::NullaryExpr(
      12, 256, [](bvae::Index i, bvae::Index s) { return std::sin(0.1f * static_cast<float>((i + 1) * (s % 16))); })));
  Model model{bvae::Seed{1}};
  // begin schedule
  const auto schedule = [](const bvae::Progress& now) { return 1.0 - std::exp(-now.epoch); };
  // end schedule
  bvae::Trainer trainer{model, Huber{}, WeightedKl{}, schedule,
                        bvae::ClipByGlobalNorm<SignSgd>{1.0, {.learning_rate = 2e-3}}};
  // begin callback
  const auto report = [](const bvae::EpochEnd& e) {
    if (e.record.train.reconstruction < 0.05) e.control.stop("good enough");
  };
  // end callback
  const bvae::History history = trainer.fit(data, {.epochs = 30, .batch_size = 32}, report);
  std::cout << "reconstruction " << history.epochs.front().train.reconstruction << " -> "
            << history.epochs.back().train.reconstruction << '\n';
  const auto train_with = [&](const HoldKl& beta) {
    bvae::Trainer again{model, Huber{}, bvae::Kl{}, beta, bvae::Adam{.learning_rate = 3e-3}};
    return again.fit(data, {.epochs = 50, .batch_size = 32});
  };
  // begin resume
  HoldKl hold{.kl = 2.0};
  const bvae::History first = train_with(hold);
  hold.restore(first.schedule_state);  // the lines of JsonLines have it too
  const bvae::History second = train_with(hold);
  // end resume
  std::cout << "KL " << first.epochs.back().train.kl << " -> " << second.epochs.back().train.kl << " with beta "
            << second.epochs.back().beta << '\n';
  if (std::abs(second.epochs.back().train.kl - hold.kl) > 0.5) return 1;
  return history.epochs.back().train.reconstruction < history.epochs.front().train.reconstruction ? 0 : 1;
}
