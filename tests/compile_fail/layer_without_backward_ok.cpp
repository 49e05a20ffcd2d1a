#include <bvae/bvae.hpp>

struct Twice {
  template <bvae::Shape In>
  struct Bind {
    using Output = In;
    template <class Scalar>
    static void forward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar> x, bvae::View<Scalar> y) {
      y = Scalar(2) * x;
    }
    template <class Scalar>
    static void backward(bvae::Tensors<const Scalar>, bvae::ConstView<Scalar>, bvae::ConstView<Scalar>,
                         bvae::ConstView<Scalar> dy, bvae::View<Scalar> dx) {
      dx = Scalar(2) * dy;
    }
  };
};

int main() { return bvae::Network<bvae::Features<3>, Twice>::kLayers; }
