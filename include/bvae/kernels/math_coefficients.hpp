/// Polynomials and constants of math.hpp. Written by scripts/elementary_coefficients.py.
#pragma once

namespace bvae::kernels {

template <class T>
struct MathCoefficients;

template <>
struct MathCoefficients<float> {
  static constexpr float kLog2E = 0x1.715476p+0F;
  static constexpr float kLn2High = 0x1.62e430p-1F;
  static constexpr float kLn2Low = -0x1.05c610p-29F;
  static constexpr float kLn2Short = 0x1.62e400p-1F;
  static constexpr float kLn2Rest = 0x1.7f7d1cp-20F;
  /// (exp(x) - 1 - x) / x^2 for |x| <= log(2) / 2
  // error 2^-25.8
  static constexpr float kExp[] = {0x1.fffffep-2F, 0x1.5554b0p-3F, 0x1.555674p-5F, 0x1.12276ap-7F, 0x1.6bec10p-10F};
  /// (log(1 + x) - x + x^2 / 2) / x^3 for |x| <= 1/3
  // error 2^-27.5
  static constexpr float kLog[] = {0x1.555506p-2F, -0x1.fffef0p-3F, 0x1.99d028p-3F, -0x1.559dcap-3F,
                                   0x1.1ed70cp-3F, -0x1.f31148p-4F, 0x1.1e66f0p-3F, -0x1.080596p-3F};
  /// erf(x) / x - 1 as a polynomial in x^2, for |x| <= 1
  // error 2^-28.3
  static constexpr float kErf[] = {0x1.06eba8p-3F, -0x1.81273ep-2F,  0x1.ce2cf8p-4F, -0x1.b7f90ep-6F,
                                   0x1.5405b6p-8F, -0x1.a3f714p-11F, 0x1.496a64p-14F};
  static constexpr float kSquareRootOfHalf = 0x1.6a09e6p-1F;
  static constexpr float kSquareRootOfHalfLow = 0x1.9fcef4p-27F;
  /// (1 + 9/8 y) exp(y^2) erfc(y) as a polynomial in (y - 2.5) / (y + 2.5), for 0 <= y <= 10.35
  static constexpr float kErfcCenter = 0x1.400000p+1F;
  // error 2^-26.0
  static constexpr float kErfc[] = {0x1.9b7e78p-1F,  -0x1.da07f6p-3F, 0x1.bdd6fcp-5F,   0x1.163d90p-5F,
                                    -0x1.4b7530p-5F, 0x1.114284p-6F,  -0x1.356c68p-11F, -0x1.0e28dep-9F,
                                    0x1.307408p-12F, 0x1.f81ec6p-13F};
  /// (sin(x) / x - 1) / x^2 and (cos(x) - 1) / x^2 as polynomials in x^2, for |x| <= pi/4
  // error 2^-28.0
  static constexpr float kSin[] = {-0x1.555556p-3F, 0x1.111108p-7F, -0x1.a00f80p-13F, 0x1.6cd1f4p-19F};
  // error 2^-30.4
  static constexpr float kCos[] = {-0x1.000000p-1F, 0x1.555556p-5F, -0x1.6c16b4p-10F, 0x1.a00ebap-16F,
                                   -0x1.23c97ep-22F};
  /// sin(2 pi x) / x - kTwoPi and (cos(2 pi x) - 1) / x^2 as polynomials in x^2, for |x| <= 1/8
  static constexpr float kTwoPi = 0x1.921fb6p+2F;
  // error 2^-29.1
  static constexpr float kSinOfTurn[] = {-0x1.778a14p-23F, -0x1.4abbcep+5F, 0x1.466bbap+6F, -0x1.32ca86p+6F,
                                         0x1.4bc256p+5F};
  // error 2^-26.3
  static constexpr float kCosOfTurn[] = {-0x1.3bd3ccp+4F, 0x1.03c1f0p+6F, -0x1.55d3bap+6F, 0x1.e1e7f6p+5F,
                                         -0x1.a0f36cp+4F};
};

template <>
struct MathCoefficients<double> {
  static constexpr double kLog2E = 0x1.71547652b82fep+0;
  static constexpr double kLn2High = 0x1.62e42fefa39efp-1;
  static constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;
  static constexpr double kLn2Short = 0x1.62e42fefa4000p-1;
  static constexpr double kLn2Rest = -0x1.8432a1b0e2634p-43;
  /// (exp(x) - 1 - x) / x^2 for |x| <= log(2) / 2
  // error 2^-59.9
  static constexpr double kExp[] = {0x1.000000p-1,         0x1.5555555555559p-3,  0x1.555555555553fp-5,
                                    0x1.111111110f6e0p-7,  0x1.6c16c16c1f05fp-10, 0x1.a01a01afd14ecp-13,
                                    0x1.a01a017bcb5b0p-16, 0x1.71ddf885bec23p-19, 0x1.27e536269bc29p-22,
                                    0x1.af5e67e642767p-26, 0x1.1ee8895ecd144p-29};
  /// (log(1 + x) - x + x^2 / 2) / x^3 for |x| <= 1/3
  // error 2^-59.0
  static constexpr double kLog[] = {
      0x1.5555555555538p-2, -0x1.fffffffffff36p-3, 0x1.99999999a0099p-3, -0x1.55555555650e3p-3,
      0x1.24924920b8de1p-3, -0x1.fffffff1080f6p-4, 0x1.c71c74096cb67p-4, -0x1.99999d5370fb0p-4,
      0x1.745cb65f685f5p-4, -0x1.5554c85cb5f37p-4, 0x1.3b1dacc44b6d3p-4, -0x1.249f6ebaad9fcp-4,
      0x1.106a02eb09392p-4, -0x1.fe6a599aa32d2p-5, 0x1.efb6c15494561p-5, -0x1.d6cc503263801p-5,
      0x1.563cbd03b8c82p-5, -0x1.3a7dc15680af4p-5, 0x1.5bfcc3c466fd2p-4, -0x1.5561a5638b20fp-4};
  /// erf(x) / x - 1 as a polynomial in x^2, for |x| <= 1
  // error 2^-56.3
  static constexpr double kErf[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379e6p-2,  0x1.ce2f21a042b20p-4,
                                    -0x1.b82ce3128499ep-6,  0x1.565bcd0db031bp-8,   -0x1.c02db3d8edac0p-11,
                                    0x1.f9a321a12b902p-14,  -0x1.f4d1df3a3d267p-17, 0x1.b9def1a9484ddp-20,
                                    -0x1.5f1d371d7aa4ep-23, 0x1.f7a415db3e01ap-27,  -0x1.386acbbca1cd5p-30,
                                    0x1.0579c77a056d0p-34};
  static constexpr double kSquareRootOfHalf = 0x1.6a09e667f3bcdp-1;
  static constexpr double kSquareRootOfHalfLow = -0x1.bdd3413b26456p-55;
  /// (1 + 9/8 y) exp(y^2) erfc(y) as a polynomial in (y - 4) / (y + 4), for 0 <= y <= 27.5
  static constexpr double kErfcCenter = 0x1.000000p+2;
  // error 2^-54.8
  static constexpr double kErfc[] = {
      0x1.81ca5c6ac35d4p-1,   -0x1.88f7ef80ff627p-3,  0x1.ab6160c8dc476p-4,   -0x1.12e8a665fb221p-5,
      -0x1.2c4186336269ep-7,  0x1.9b7c27f76502ep-6,   -0x1.82f2f29833ac8p-6,  0x1.f4f0daa2723bdp-7,
      -0x1.e0b28821f98ccp-8,  0x1.452c052bfc6c8p-9,   -0x1.c8efa43c96114p-12, -0x1.452baf8bcbd05p-14,
      0x1.39f872a3c1855p-14,  -0x1.e87634263dbf0p-17, -0x1.5128e3781532bp-18, 0x1.97176ba66ee0ep-19,
      0x1.5eb833c5824d9p-25,  -0x1.c5916787c265ap-22, 0x1.c939584efbe1fp-25,  0x1.dbb240eaa9e6ep-25,
      -0x1.804f161523fe2p-27, -0x1.ec6044e73bcf9p-28, 0x1.397ed305ae73fp-30,  0x1.6ea5297bcedc4p-31};
  /// (sin(x) / x - 1) / x^2 and (cos(x) - 1) / x^2 as polynomials in x^2, for |x| <= pi/4
  // error 2^-57.1
  static constexpr double kSin[] = {-0x1.5555555555555p-3,  0x1.1111111111111p-7,   -0x1.a01a01a01a015p-13,
                                    0x1.71de3a556bc1dp-19,  -0x1.ae64567dac111p-26, 0x1.61245eeaf15e8p-33,
                                    -0x1.ae7b80a883d4ap-41, 0x1.91e9dd5d7b3c9p-49};
  // error 2^-59.5
  static constexpr double kCos[] = {-0x1.000000p-1,         0x1.5555555555555p-5,   -0x1.6c16c16c16c17p-10,
                                    0x1.a01a01a01a013p-16,  -0x1.27e4fb77894d5p-22, 0x1.1eed8efe55ef7p-29,
                                    -0x1.939747c4ad11ep-37, 0x1.ae7b6a7dbbc50p-45,  -0x1.653c554c30f99p-53};
  /// sin(2 pi x) / x - kTwoPi and (cos(2 pi x) - 1) / x^2 as polynomials in x^2, for |x| <= 1/8
  static constexpr double kTwoPi = 0x1.921fb54442d18p+2;
  // error 2^-57.5
  static constexpr double kSinOfTurn[] = {0x1.1a6262ca35772p-52, -0x1.4abbce625be53p+5, 0x1.466bc6775aae2p+6,
                                          -0x1.32d2cce62bd81p+6, 0x1.50783487edca6p+5,  -0x1.e3074fdc94f4bp+3,
                                          0x1.e8f43183cbd37p+1,  -0x1.6faa797f57bd4p-1, 0x1.a776030f9911cp-4};
  // error 2^-54.9
  static constexpr double kCosOfTurn[] = {-0x1.3bd3cc9be45dep+4, 0x1.03c1f081b5ac4p+6,  -0x1.55d3c7e3cbffap+6,
                                          0x1.e1f506891bab3p+5,  -0x1.a6d1f2a203b80p+4, 0x1.f9d38a353e795p+2,
                                          -0x1.b6e24c3f21a7ep+0, 0x1.20c39ad5d8560p-2,  -0x1.27a20141c539cp-5};
};

/// pi/2 in parts: whole ones for fused multiply-adds, and short ones whose product with a number below 2^20 is exact.
struct HalfPi {
  static constexpr double kPart0 = 0x1.921fb54442d18p+0;
  static constexpr double kPart1 = 0x1.1a62633145c07p-54;
  static constexpr double kPart2 = -0x1.f1976b7ed8fbcp-110;
  static constexpr double kShort0 = 0x1.921fb54400000p+0;
  static constexpr double kShortRest = 0x1.0b4611a626331p-34;
  static constexpr double kShort1 = 0x1.0b4611a600000p-34;
  static constexpr double kShort2 = 0x1.3198a2e000000p-69;
  static constexpr double kShort3 = 0x1.b839a252049c1p-104;
  static constexpr double kInverse = 0x1.45f306dc9c883p-1;
};

}  // namespace bvae::kernels
