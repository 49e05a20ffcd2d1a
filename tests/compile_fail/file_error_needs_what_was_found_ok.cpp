#include <bvae/core/errors.hpp>

int main() { throw bvae::FileError("weights.safetensors", 8, "a header", "end of file"); }
