// Tests of the kernels run with every instruction set that this processor has.
#pragma once

#include <algorithm>
#include <vector>

#include "bvae/kernels/isa.hpp"

namespace bvae_test {

inline std::vector<bvae::Isa> all_isas() {
  std::vector<bvae::Isa> isas;
  for (const bvae::Isa isa : {bvae::Isa::kBaseline, bvae::Isa::kV3, bvae::Isa::kV4})
    if (isa <= bvae::best_isa()) isas.push_back(isa);
  return isas;
}

/// Those with a fused multiply-add: they all must give the same bits.
inline std::vector<bvae::Isa> fused_isas() {
  std::vector<bvae::Isa> isas = all_isas();
#if defined(__x86_64__)
  isas.erase(isas.begin());
#endif
  return isas;
}

inline bool is_fused(bvae::Isa isa) {
  const std::vector<bvae::Isa> fused = fused_isas();
  return std::find(fused.begin(), fused.end(), isa) != fused.end();
}

/// Uses an instruction set until the end of the scope.
class UsingIsa {
 public:
  explicit UsingIsa(bvae::Isa isa) : before_(bvae::isa()) { bvae::use_isa(isa); }
  UsingIsa(const UsingIsa&) = delete;
  UsingIsa& operator=(const UsingIsa&) = delete;
  ~UsingIsa() { bvae::use_isa(before_); }

 private:
  bvae::Isa before_;
};

}  // namespace bvae_test
