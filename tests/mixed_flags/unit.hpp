// What each translation unit computes: checksums, so that no type of the library passes between them.
#pragma once

#include <cstdint>

struct Checksums {
  std::uint64_t adam = 0;
  std::uint64_t training = 0;
  bool operator==(const Checksums&) const = default;
};

namespace plain {
Checksums compute(int isa, int threads);
}
namespace native {
Checksums compute(int isa, int threads);
}
