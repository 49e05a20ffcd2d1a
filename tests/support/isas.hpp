// Tests of the kernels run with every instruction set that this processor has.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bvae/kernels/isa.hpp"
#include "support/catch.hpp"

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

/// The same, for tests that compare them. The first such test of a process says which they are: where there is only
/// one, it is compared with itself, and such a machine must not pass for one that has shown more.
inline std::vector<bvae::Isa> compared_isas() {
  const std::vector<bvae::Isa> isas = fused_isas();
  static bool said = false;
  if (!said) {
    said = true;
    std::string names;
    for (const bvae::Isa isa : isas) names += (names.empty() ? "" : " = ") + std::string(name(isa));
    if (isas.size() > 1) WARN("the same bits: " << names);
    if (isas.size() == 1) WARN("the same bits: " << names << " with itself only, this machine has no other to compare");
    if (isas.empty()) WARN("the same bits: nothing is compared, this machine has no fused multiply-add");
  }
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
