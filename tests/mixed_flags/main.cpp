// With every instruction set of this processor both units must give the same, and so must all sets that have a fused
// multiply-add among themselves.
//
// What was looked at by hand (g++ 12 and clang 16, with and without -march=native on a machine with AVX-512, -mavx512f,
// -mprefer-vector-width=512): the objects' disassembly (objdump -dC, the functions bvae::kernels::NAMESPACE::*) is for
// each -O level the same, instruction by instruction, whatever -m flags the unit has, but for padding between blocks;
// v3 has no register beyond ymm15, no zmm and no mask register; baseline has neither ymm nor a fused multiply-add.
#include <bvae/kernels/isa.hpp>
#include <iostream>
#include <string>
#include <utility>

#include "unit.hpp"

int main() {
  bool good = true;
  for (int size = 1; size < 100; ++size) {  // who allocates is not who frees
    bvae::Matrix<float> x = bvae::Matrix<float>::Constant(size, 3, 2.0F);
    x = native::squares(plain::squares(std::move(x)));
    good = good && x.rows() == size + 2 && x(0, 0) == 16.0F && x(size, 2) == 1.0F && x(size + 1, 0) == 1.0F;
  }
  Checksums fused;
  std::string compared;
  for (int isa = 1; isa <= static_cast<int>(bvae::best_isa()); ++isa) {
    const auto name = bvae::name(static_cast<bvae::Isa>(isa));
    const Checksums plain = plain::compute(isa, 1);
    const Checksums native = native::compute(isa, 3);
    std::cout << name << ": adam " << std::hex << plain.adam << ' ' << native.adam << ", training " << plain.training
              << ' ' << native.training << '\n';
    good = good && plain == native;
    if (static_cast<bvae::Isa>(isa) == bvae::Isa::kBaseline) continue;
    if (fused != Checksums{} && fused != plain) good = false;
    fused = plain;
    compared += (compared.empty() ? "" : " = ") + std::string(name);
  }
  const bool several = compared.find('=') != std::string::npos;
  std::cout << "instruction sets that give the same bits: " << compared
            << (several ? "" : " (this machine has no two to compare)") << '\n';
  return good ? 0 : 1;
}
