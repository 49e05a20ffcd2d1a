// A chain of layers against the same nn.Sequential: outputs and all gradients. Both sides make weights, inputs and
// upstream gradients from formula(), see chain() of layers.py.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bvae/io/tensor_order.hpp"
#include "bvae/layers/network.hpp"
#include "oracle/against_pytorch.hpp"
#include "support/catch.hpp"

namespace oracle {

// A batch in PyTorch's order in ours.
template <class S, class Scalar>
bvae::Matrix<Scalar> in_memory_order(const bvae::Matrix<Scalar>& x) {
  constexpr bvae::AxisOrder order = bvae::kAxisOrder<S>;
  return order.is_image() ? channels_last(x, order.channels, order.height, order.width) : x;
}

// `parts`: inputs are rounded to multiples of 1 / parts, so that some are equal.
template <class Scalar, class Net>
void check_chain(const Golden& golden, const std::string& name, Index samples, double output_bar, double gradient_bar,
                 double parts = 0) {
  INFO(name << (sizeof(Scalar) == 4 ? ", float" : ", double"));
  constexpr Index kIn = Net::Input::kSize;
  constexpr Index kOut = Net::Output::kSize;
  bvae::Arena<Scalar> parameters(static_cast<std::size_t>(Net::kParameters));
  bvae::Arena<Scalar> gradient(parameters.size());
  const std::vector<bvae::NamedTensor> tensors = Net::parameter_tensors(name, 0);
  for (std::size_t t = 0; t < tensors.size(); ++t)
    bvae::detail::for_each_value(tensors[t].info, [&](Index file, Index memory) {
      parameters[static_cast<std::size_t>(tensors[t].offset + memory)] =
          static_cast<Scalar>(formula(200 + static_cast<std::uint32_t>(t), file));
    });
  bvae::Matrix<Scalar> plain = formula_matrix<Scalar>(100, kIn, samples);
  if (parts > 0)
    for (Scalar& v : plain.reshaped()) v = std::floor(v * static_cast<Scalar>(parts)) / static_cast<Scalar>(parts);
  bvae::Matrix<Scalar> x = in_memory_order<typename Net::Input>(plain);
  bvae::Matrix<Scalar> dx(kIn, samples);
  const bvae::Matrix<Scalar> dy = in_memory_order<typename Net::Output>(formula_matrix<Scalar>(101, kOut, samples));
  typename Net::template Activations<Scalar> a(samples, x.data(), dx.data());
  const bvae::Pass pass(bvae::Mode::kTraining, bvae::Member{}, samples);
  Net::template forward<Scalar>(pass, parameters.data(), nullptr, a);
  std::copy_n(dy.data(), dy.size(), a.output_delta());
  Net::template backward<Scalar>(pass, parameters.data(), a);
  for (const bvae::GradientTask& task : Net::gradient_tasks())
    Net::template gradient<Scalar>(task, samples, parameters.data(), a, gradient.data());

  const auto check = [&](const std::string& what, const bvae::Matrix<Scalar>& actual,
                         const bvae::Matrix<double>& expected, double bar) {
    const double error =
        relative_error(actual, std::vector<double>(expected.data(), expected.data() + expected.size()));
    INFO(what << ": " << error);
    CHECK(error <= bar);
  };
  check("y", bvae::ConstView<Scalar>(a.output(), kOut, samples),
        in_memory_order<typename Net::Output>(golden.matrix<double>(name + ".y")), output_bar);
  check("dx", dx, in_memory_order<typename Net::Input>(golden.matrix<double>(name + ".dx")), gradient_bar);
  for (const bvae::NamedTensor& tensor : tensors) {
    bvae::Matrix<Scalar> in_file(tensor.info.size(), 1);
    bvae::detail::for_each_value(tensor.info, [&](Index file, Index memory) {
      in_file(file, 0) = gradient[static_cast<std::size_t>(tensor.offset + memory)];
    });
    const std::vector<double> expected = golden[tensor.name];
    check(tensor.name, in_file, Eigen::Map<const bvae::Matrix<double>>(expected.data(), Index(expected.size()), 1),
          gradient_bar);
  }
}

template <class Net>
void check_chain(const std::string& name, Index samples, double parts = 0) {
  const Golden golden("layers.safetensors");
  check_chain<double, Net>(golden, name, samples, 1e-14, 1e-14, parts);
  check_chain<float, Net>(golden, name, samples, 2e-6, 2e-6, parts);
}

}  // namespace oracle
