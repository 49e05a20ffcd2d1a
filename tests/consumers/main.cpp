// The program that every consumer project builds, in each of the ways in which the library can be used.
#include <bvae/core/errors.hpp>
#include <bvae/version.hpp>

#include <Eigen/Core>
#include <iostream>
#include <thread>

int version_in_second();

int main() {
  int version = 0;
  std::thread([&] { version = version_in_second(); }).join();
  const Eigen::MatrixXf identity = Eigen::MatrixXf::Identity(3, 3);
  if (version != BVAE_VERSION_MINOR || (identity * identity).trace() != 3.0f) return 1;
  try {
    throw bvae::FileError("weights.safetensors", 8, "a header", "end of file");
  } catch (const bvae::FileError& error) {
    std::cout << "consumer: " << error.what() << '\n';
  }
}
