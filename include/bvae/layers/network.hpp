/// A chain of layers as a type. Shapes, parameter counts and offsets are known at compile time; a network holds no
/// data.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/products.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/kernels/products.hpp"
#include "bvae/layers/activations.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/file_order.hpp"
#include "bvae/layers/network_layout.hpp"

namespace bvae {

/// An activation after a layer that takes activations along (Linear) is applied while that layer's results are still in
/// registers, and its derivative while those of the next such layer are: it needs no pass and no memory of its own. The
/// two layers' values, or gradients, are then one array, which changes no bit of any result.
///
/// \tparam In the shape of a sample  \tparam Layers layers without their input shape: Linear<400>, ReLU, ...
template <Shape In, class... Layers>
class Network {
  using Layout = detail::NetworkLayout<In, Layers...>;
  using Bounds = typename Layout::Bounds;
  static_assert(detail::UnflattensAreOrdered<Bounds>::value);

 public:
  using Input = In;
  using Output = typename detail::Chain<In, Layers...>::Output;
  static constexpr int kLayers = static_cast<int>(sizeof...(Layers));
  template <int I>
  using Bound = detail::BoundOf<Bounds, I>;
  /// Where the values of layer I lie, and whether it takes its neighbours along.
  template <int I>
  using Place = typename Layout::template Place<I>;

  /// Every gradient of the parameters is a product of a layer's input and the gradient at its output.
  static constexpr bool kGradientsAreProducts = [] {
    bool all = true;
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (detail::kHasParameters<Bound<I>>) all = all && detail::kGradientIsProduct<Bound<I>>;
    });
    return all;
  }();

  /// Layers, those inside of layers counted instead of these.
  static constexpr int kLayerNumbers = [] {
    int total = 0;
    detail::for_each_layer<kLayers>([&]<int I>() { total += detail::kLayerNumbers<Bound<I>>; });
    return total;
  }();
  /// The last layer's outputs may be in any order in files.
  static constexpr bool kHasFreeOrder = detail::has_free_order<Bounds, kLayers - 1>();

  /// Values of the parameters and of the state, padding included.
  static constexpr Index kParameters = [] {
    Index total = 0;
    detail::for_each_layer<kLayers>([&]<int I>() { total += detail::kParameterOffsets<Bound<I>>.back(); });
    return total;
  }();
  static constexpr Index kState = [] {
    Index total = 0;
    detail::for_each_layer<kLayers>([&]<int I>() { total += detail::kStateOffsets<Bound<I>>.back(); });
    return total;
  }();

  /// No training batch may have fewer samples: BatchNorm needs two.
  static constexpr Index kLeastSamples = [] {
    Index least = 1;
    detail::for_each_layer<kLayers>([&]<int I>() { least = std::max(least, detail::least_samples<Bound<I>>()); });
    return least;
  }();

  /// Activations and their gradients.
  template <class Scalar>
  using Activations = detail::Activations<Layout, Scalar>;

  /// Fills the parameters. Layer i draws from step `first_layer` + its number of the initialisation stream.
  template <class Scalar>
  static void initialize(Scalar* parameters, Seed seed, std::uint64_t first_layer) {
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      if constexpr (CompositeLayer<B, Scalar>) {
        B::initialize(parameters + Place<I>::kOffset, seed, first_layer + Place<I>::kNumber);
      } else if constexpr (detail::kHasParameters<B>) {
        B::initialize(Tensors<Scalar>(parameters + Place<I>::kOffset, detail::kParameterOffsets<B>.data()),
                      RandomStream(seed, Stream::kInitialization, first_layer + Place<I>::kNumber));
      }
    });
  }

  /// Starting values of the state (running statistics), which may depend on those of the parameters; layers without
  /// `initialize_state` start at 0.
  template <class Scalar>
  static void initialize_state(const Scalar* parameters, Scalar* state, Seed seed, std::uint64_t first_layer) {
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      if constexpr (CompositeLayer<B, Scalar>) {
        B::initialize_state(parameters + Place<I>::kOffset, state + Place<I>::kStateOffset, seed,
                            first_layer + Place<I>::kNumber);
      } else {
        const Tensors<Scalar> tensors(state + Place<I>::kStateOffset, detail::kStateOffsets<B>.data());
        constexpr std::uint64_t kApart = std::uint64_t{1} << 40;  // from what the parameters draw
        const RandomStream random(seed, Stream::kInitialization, kApart + first_layer + Place<I>::kNumber);
        const Tensors<const Scalar> p(parameters + Place<I>::kOffset, detail::kParameterOffsets<B>.data());
        if constexpr (requires { B::initialize_state(p, tensors, random); }) {
          B::initialize_state(p, tensors, random);
        } else if constexpr (requires { B::initialize_state(tensors, random); }) {
          B::initialize_state(tensors, random);
        }
      }
    });
  }

  /// Computes value(1) ... value(kLayers) for the shards of `pass`.
  template <class Scalar>
  static void forward(const Pass& pass, const Scalar* parameters, Scalar* state, const Activations<Scalar>& a) {
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      constexpr Index kOut = B::Output::kSize;
      const Tensors<const Scalar> p(parameters + Place<I>::kOffset, detail::kParameterOffsets<B>.data());
      if constexpr (detail::kIsIdentity<B>) {
      } else if constexpr (CompositeLayer<B, Scalar>) {
        B::forward(pass.from_layer(Place<I>::kNumber), parameters + Place<I>::kOffset, state + Place<I>::kStateOffset,
                   a.template inner<I>(), ConstView<Scalar>(a.value(I), Place<I>::kInputSize, pass.samples()),
                   View<Scalar>(a.value(I + 1), kOut, pass.samples()));
      } else if constexpr (BatchLayer<B, Scalar>) {
        B::forward(pass.from_layer(Place<I>::kNumber), p,
                   Tensors<Scalar>(state + Place<I>::kStateOffset, detail::kStateOffsets<B>.data()), a.scratch(I),
                   ConstView<Scalar>(a.value(I), Place<I>::kInputSize, pass.samples()),
                   View<Scalar>(a.value(I + 1), kOut, pass.samples()));
      } else if constexpr (Place<I - 1>::kTakesNext) {
      } else {
        detail::for_own_samples<B>(pass, [&](Shard s) {
          const ConstView<Scalar> x = detail::columns<Place<I>::kInputSize>(a.value(I), s);
          const View<Scalar> y = detail::mutable_columns<kOut>(a.value(I + 1), s);
          if constexpr (Place<I>::kTakesNext) {
            using Next = Bound<I + 1>;
            B::template forward<Next::kActivation>(p, x, y, Next::template activation_parameter<Scalar>());
          } else {
            B::forward(p, x, y);
          }
        });
      }
    });
    (void)state;
  }

  /// Computes delta(kLayers - 1) ... delta(0) from delta(kLayers).
  template <class Scalar>
  static void backward(const Pass& pass, const Scalar* parameters, const Activations<Scalar>& a) {
    detail::for_each_layer_backward<kLayers>([&]<int I>() {
      using B = Bound<I>;
      constexpr Index kOut = B::Output::kSize;
      const Tensors<const Scalar> p(parameters + Place<I>::kOffset, detail::kParameterOffsets<B>.data());
      if constexpr (detail::kIsIdentity<B>) {
      } else if constexpr (CompositeLayer<B, Scalar>) {
        B::backward(pass.from_layer(Place<I>::kNumber), parameters + Place<I>::kOffset, a.template inner<I>(),
                    ConstView<Scalar>(a.delta(I + 1), kOut, pass.samples()),
                    View<Scalar>(a.delta(I), Place<I>::kInputSize, pass.samples()));
      } else if constexpr (BatchLayer<B, Scalar>) {
        // Called even without an input gradient to compute (the last argument is then null): its own parameters may
        // need the statistics.
        B::backward(pass.from_layer(Place<I>::kNumber), p, a.scratch(I),
                    ConstView<Scalar>(a.value(I), Place<I>::kInputSize, pass.samples()),
                    ConstView<Scalar>(a.value(I + 1), kOut, pass.samples()),
                    ConstView<Scalar>(a.delta(I + 1), kOut, pass.samples()),
                    View<Scalar>(a.delta(I), Place<I>::kInputSize, pass.samples()));
      } else if constexpr (Place<I + 1>::kTakesPrevious) {
      } else {
        if (a.delta(I) == nullptr) return;
        detail::for_own_samples<B>(pass, [&](Shard s) {
          const ConstView<Scalar> x = detail::columns<Place<I>::kInputSize>(a.value(I), s);
          const ConstView<Scalar> y = detail::columns<kOut>(a.value(I + 1), s);
          const ConstView<Scalar> dy = detail::columns<kOut>(a.delta(I + 1), s);
          const View<Scalar> dx = detail::mutable_columns<Place<I>::kInputSize>(a.delta(I), s);
          if constexpr (Place<I>::kTakesPrevious) {
            using Previous = Bound<I - 1>;
            B::template backward<Previous::kActivation>(p, x, y, dy, dx,
                                                        Previous::template activation_parameter<Scalar>());
          } else {
            B::backward(p, x, y, dy, dx);
          }
        });
      }
    });
  }

  /// The gradient's work as tasks of about equal size, given to function(task) one after another.
  template <class Function>
  static void for_each_gradient_task(Function&& function) {
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (detail::kHasParameters<Bound<I>>) {
        constexpr Index kRows = Bound<I>::kGradientRows;
        constexpr Index kTask = detail::kTaskRows<Bound<I>>;
        for (Index first = 0, count = 0; first < kRows; first += count) {
          const Index left = kRows - first;
          count = kTask == detail::kUsualTaskRows ? products::detail::next_group(left) : std::min(kTask, left);
          function(GradientTask{I, first, count});
        }
      }
    });
  }

  static std::vector<GradientTask> gradient_tasks() {
    std::vector<GradientTask> tasks;
    for_each_gradient_task([&](const GradientTask& task) { tasks.push_back(task); });
    return tasks;
  }

  /// Gradient of the parameters over all samples, for one task; call after backward of the whole team. Returns its sum
  /// of squares.
  template <class Scalar>
  static double gradient(const GradientTask& task, Index samples, const Scalar* parameters,
                         const Activations<Scalar>& a, Scalar* gradient) {
    double squares = 0;
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      if constexpr (detail::kHasParameters<B>) {
        if (I != task.layer) return;
        const ConstView<Scalar> x(a.value(I), Place<I>::kInputSize, samples);
        const ConstView<Scalar> dy(a.delta(I + 1), B::Output::kSize, samples);
        const Tensors<Scalar> g(gradient + Place<I>::kOffset, detail::kParameterOffsets<B>.data());
        if constexpr (CompositeLayer<B, Scalar>) {
          squares = B::gradient(parameters + Place<I>::kOffset, a.template inner<I>(), samples,
                                gradient + Place<I>::kOffset, task.first, task.count);
        } else if constexpr (BatchLayer<B, Scalar>) {
          squares = B::gradient(
              Tensors<const Scalar>(parameters + Place<I>::kOffset, detail::kParameterOffsets<B>.data()), a.scratch(I),
              x, ConstView<Scalar>(a.value(I + 1), B::Output::kSize, samples), dy, g, task.first, task.count);
        } else {
          squares = B::gradient(x, dy, g, task.first, task.count);
        }
      }
    });
    (void)parameters;
    return squares;
  }

  /// The gradient's work as rows: those of the layers one after another, each from a multiple of 16 on. For a network
  /// inside a layer.
  static constexpr Index kGradientRows = [] {
    Index total = 0;
    detail::for_each_layer<kLayers>([&]<int I>() { total += detail::kPaddedRows<Bound<I>>; });
    return total;
  }();
  static constexpr Index kGradientScratch = [] {
    Index most = 0;
    detail::for_each_layer<kLayers>([&]<int I>() { most = std::max(most, detail::kGradientScratch<Bound<I>>); });
    return most;
  }();
  static constexpr Index kGradientTaskRows = [] {
    Index least = detail::kUsualTaskRows;
    detail::for_each_layer<kLayers>([&]<int I>() { least = std::min(least, detail::kTaskRows<Bound<I>>); });
    return least;
  }();
  template <class Scalar>
  static double gradient_of_rows(Index first, Index count, Index samples, const Scalar* parameters,
                                 const Activations<Scalar>& a, Scalar* gradient) {
    double squares = 0;
    Index begin = 0;  // of the layer's rows
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (detail::kHasParameters<Bound<I>>) {
        const Index from = std::max<Index>(first - begin, 0);
        const Index to = std::min<Index>(first + count - begin, Bound<I>::kGradientRows);
        if (from < to) squares += Network::gradient({I, from, to - from}, samples, parameters, a, gradient);
        begin += detail::kPaddedRows<Bound<I>>;
      }
    });
    return squares;
  }

  /// Where `gradient` writes for a task: one range of the network's parameters. Only if kGradientsAreProducts.
  static GradientRange gradient_range(const GradientTask& task) {
    GradientRange range;
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (detail::kHasParameters<Bound<I>>) {
        if (I != task.layer) return;
        range = Bound<I>::gradient_range(task.first, task.count);
        range.first += Place<I>::kOffset;
      }
    });
    return range;
  }

  /// The gradient for one task, written to memory of its own: `to` has room for gradient_range(task).count values.
  /// Returns its sum of squares. `upcoming`: arrays of as many values that are used next. Only if
  /// kGradientsAreProducts.
  template <class Scalar>
  static double gradient_to(const GradientTask& task, Index samples, const Activations<Scalar>& a, Scalar* to,
                            const kernels::Upcoming<Scalar>& upcoming = {}) {
    double squares = 0;
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      if constexpr (detail::kHasParameters<B>) {
        if (I != task.layer) return;
        squares = B::gradient_to(ConstView<Scalar>(a.value(I), Place<I>::kInputSize, samples),
                                 ConstView<Scalar>(a.delta(I + 1), B::Output::kSize, samples), task.first, task.count,
                                 to, upcoming);
      }
    });
    return squares;
  }

  /// Sums of squares over some samples, two for each layer: squares[2 i] of the inputs of layer i (and one more for
  /// each sample, which stands for the bias), squares[2 i + 1] of the gradient at its output. Added up over all
  /// samples, the product of the two is a bound for the squared norm of a gradient that is a product. Layers without
  /// parameters are left out.
  template <class Scalar>
  static void squares(Shard s, const Activations<Scalar>& a, double* squares) {
    detail::for_each_layer<kLayers>([&]<int I>() {
      using B = Bound<I>;
      if constexpr (detail::kHasParameters<B>) {
        constexpr Index kOut = B::Output::kSize;
        squares[2 * I] = static_cast<double>(s.count) +
                         sum_of_squares(a.value(I) + s.first * Place<I>::kInputSize, s.count * Place<I>::kInputSize);
        squares[2 * I + 1] = sum_of_squares(a.delta(I + 1) + s.first * kOut, s.count * kOut);
      }
    });
  }

  /// The tensors of layer I, as files have them if they have the network's outputs in the order `last`.
  template <int I>
  static constexpr auto layer_parameters(AxisOrder last = {}) {
    return in_file_order<I>(detail::parameters_of<Bound<I>>(), last);
  }
  template <int I>
  static constexpr auto layer_state(AxisOrder last = {}) {
    return in_file_order<I>(detail::state_of<Bound<I>>(), last);
  }

  /// Where the parameters of layer I begin.
  template <int I>
  static constexpr Index layer_offset() {
    return Place<I>::kOffset;
  }

  /// All parameters with PyTorch's names for an nn.Sequential called `prefix`; a network of one layer can be named
  /// `prefix` itself. `last`: of which image the outputs are pixels, if they are features and files know them as such.
  [[gnu::cold]] static std::vector<NamedTensor> parameter_tensors(const std::string& prefix, Index base,
                                                                  bool numbered = true, AxisOrder last = {}) {
    std::vector<NamedTensor> tensors;
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (constexpr auto& kTensors = detail::kParameterTensors<Bound<I>>; kTensors.size() > 0)
        detail::append_tensors(tensors, prefix, numbered ? I : -1, base + Place<I>::kOffset, kTensors,
                               Bound<I>::Output::kSize, detail::file_order<Bounds, I>(last));
    });
    return tensors;
  }
  [[gnu::cold]] static std::vector<NamedTensor> state_tensors(const std::string& prefix, Index base,
                                                              bool numbered = true, AxisOrder last = {}) {
    std::vector<NamedTensor> tensors;
    detail::for_each_layer<kLayers>([&]<int I>() {
      if constexpr (constexpr auto& kTensors = detail::kStateTensors<Bound<I>>; kTensors.size() > 0)
        detail::append_tensors(tensors, prefix, numbered ? I : -1, base + Place<I>::kStateOffset, kTensors,
                               Bound<I>::Output::kSize, detail::file_order<Bounds, I>(last));
    });
    return tensors;
  }

  /// The first layer whose output for the first `samples` is not finite, or -1.
  template <class Scalar>
  static int first_non_finite(Index samples, const Activations<Scalar>& a) {
    int found = -1;
    detail::for_each_layer<kLayers>([&]<int I>() {
      if (found < 0 && !all_finite(a.value(I + 1), Bound<I>::Output::kSize * samples)) found = I;
    });
    return found;
  }

 private:
  template <int I, std::size_t N>
  static constexpr std::array<TensorInfo, N> in_file_order(std::array<TensorInfo, N> tensors, AxisOrder last) {
    for (TensorInfo& tensor : tensors)
      detail::set_file_order(tensor, Bound<I>::Output::kSize, detail::file_order<Bounds, I>(last));
    return tensors;
  }
};

}  // namespace bvae
