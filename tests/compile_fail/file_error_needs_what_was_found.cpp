// expect: no matching (function for call to|constructor for initialization of) .*FileError
#include <bvae/core/errors.hpp>

int main() { throw bvae::FileError("weights.safetensors", 8, "a header"); }
