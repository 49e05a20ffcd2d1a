#!/usr/bin/env python3
"""Prints the coefficients of include/bvae/kernels/math_coefficients.hpp: minimax polynomials by Remez's exchange.

Needs mpmath only: `python3 scripts/elementary_coefficients.py`. The errors in its comments are relative, and of
the rounded coefficients.
"""

import sys

from mpmath import cos, erf, erfc, exp, expm1, fabs, ln, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sqrt

mp.dps = 50
GRID = 401


def remez(f, weight, a, b, degree):
    """The polynomial p of a degree that makes max |weight (f - p)| on [a, b] least; and that maximum."""
    n = degree + 2
    grid = [(a + b) / 2 - (b - a) / 2 * cos(pi * k / GRID) for k in range(GRID + 1)]
    values = [f(x) for x in grid]
    weights = [weight(x) for x in grid]
    points = [round(mpf(k) * GRID / (n - 1)) for k in range(n)]
    for _ in range(40):
        rows = [[grid[i] ** k for k in range(degree + 1)] + [(-1) ** j / weights[i]] for j, i in enumerate(points)]
        solution = lu_solve(matrix(rows), matrix([values[i] for i in points]))
        c = [solution[k] for k in range(degree + 1)]
        error = [w * (v - horner(c, x)) for x, v, w in zip(grid, values, weights)]
        runs = []  # the largest error of each run of one sign
        for i, e in enumerate(error):
            if runs and (error[runs[-1]] > 0) == (e > 0):
                if fabs(e) > fabs(error[runs[-1]]):
                    runs[-1] = i
            else:
                runs.append(i)
        while len(runs) > n:
            if len(runs) == n + 1:
                del runs[0 if fabs(error[runs[0]]) < fabs(error[runs[-1]]) else -1]
            else:
                k = min(range(len(runs) - 1), key=lambda j: max(fabs(error[runs[j]]), fabs(error[runs[j + 1]])))
                del runs[k : k + 2]
        if len(runs) < n:
            break
        if runs == points:
            break
        points = runs
    return c, max(fabs(e) for e in error)


def horner(c, x):
    sum_ = mpf(0)
    for a in reversed(c):
        sum_ = sum_ * x + a
    return sum_


def rounded(x, bits):
    """x to `bits` binary digits."""
    with mp.workprec(bits):
        return +x


def fit(name, f, weight, a, b, degree, bits):
    """One line of C++: an array of coefficients for f on [a, b], the constant one first."""
    a, b = mpf(a), mpf(b)
    fixed = [rounded(c, bits) for c in remez(f, weight, a, b, degree)[0]]
    grid = [a + (b - a) * (k + mpf(1) / 3) / 1000 for k in range(1000)]
    worst = max(fabs(weight(x) * (f(x) - horner(fixed, x))) for x in grid)
    print(f"  // error 2^{float(log(worst, 2)):.1f}")
    print(f"  static constexpr {TYPE[bits]} {name}[] = {{{', '.join(literal(c, bits) for c in fixed)}}};", flush=True)


def constant(name, x, bits, keep=None):
    """One line of C++: x in the type that has `bits` digits, rounded to `keep` of them. Returns what was printed."""
    x = rounded(x, keep or bits)
    print(f"  static constexpr {TYPE[bits]} {name} = {literal(x, bits)};")
    return x


TYPE = {24: "float", 53: "double"}


def literal(x, bits):
    return float(x).hex().replace("0000000p", "p") + ("F" if bits == 24 else "")


def erfcx_of(k):
    """(1 + 9/8 y) exp(y^2) erfc(y) as a function of t = (y - k) / (y + k)."""

    def f(t):
        y = k * (1 + t) / (1 - t)
        return (1 + 9 * y / 8) * exp(y * y) * erfc(y)

    return f


def coefficients(bits, exp_degree, log_degree, erf_degree, erfcx_degree, k, largest, sin_degree, cos_degree):
    third, tiny = mpf(1) / 3, mpf(2) ** -20
    print(f"\ntemplate <>\nstruct MathCoefficients<{TYPE[bits]}> {{")
    constant("kLog2E", 1 / ln(2), bits)
    high = constant("kLn2High", ln(2), bits)
    constant("kLn2Low", ln(2) - high, bits)
    short = constant("kLn2Short", ln(2), bits, bits - (9 if bits == 24 else 12))
    constant("kLn2Rest", ln(2) - short, bits)
    print("  /// (exp(x) - 1 - x) / x^2 for |x| <= log(2) / 2")
    half = ln(2) / 2 * (1 + tiny)
    fit("kExp", lambda x: (expm1(x) - x) / x**2, lambda x: fabs(x**2 / expm1(x)), -half, half, exp_degree, bits)
    print("  /// (log(1 + x) - x + x^2 / 2) / x^3 for |x| <= 1/3")
    fit("kLog", lambda x: (log1p(x) - x + x * x / 2) / x**3, lambda x: fabs(x**3 / log1p(x)), -third, third, log_degree, bits)
    print("  /// erf(x) / x - 1 as a polynomial in x^2, for |x| <= 1")
    fit("kErf", lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)), tiny**2, 1, erf_degree, bits)
    root = constant("kSquareRootOfHalf", sqrt(mpf(1) / 2), bits)
    constant("kSquareRootOfHalfLow", sqrt(mpf(1) / 2) - root, bits)
    print(f"  /// (1 + 9/8 y) exp(y^2) erfc(y) as a polynomial in (y - {k}) / (y + {k}), for 0 <= y <= {largest}")
    constant("kErfcCenter", mpf(k), bits)
    f = erfcx_of(mpf(k))
    fit("kErfc", f, lambda t: 1 / f(t), -1, (mpf(largest) - k) / (mpf(largest) + k), erfcx_degree, bits)
    print("  /// (sin(x) / x - 1) / x^2 and (cos(x) - 1) / x^2 as polynomials in x^2, for |x| <= pi/4")
    quarter = (pi / 4) ** 2 * (1 + tiny)
    fit("kSin", lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z**1.5 / sin(sqrt(z)), tiny**2, quarter, sin_degree, bits)
    fit("kCos", lambda z: (cos(sqrt(z)) - 1) / z, lambda z: z / cos(sqrt(z)), tiny**2, quarter, cos_degree, bits)
    print("  /// sin(2 pi x) / x - kTwoPi and (cos(2 pi x) - 1) / x^2 as polynomials in x^2, for |x| <= 1/8")
    two_pi = constant("kTwoPi", 2 * pi, bits)
    eighth = mpf(1) / 64 * (1 + tiny)
    fit("kSinOfTurn", lambda z: sin(2 * pi * sqrt(z)) / sqrt(z) - two_pi, lambda z: sqrt(z) / sin(2 * pi * sqrt(z)), tiny**2, eighth,
        sin_degree + 1, bits)  # fmt: skip
    fit("kCosOfTurn", lambda z: (cos(2 * pi * sqrt(z)) - 1) / z, lambda z: z / cos(2 * pi * sqrt(z)), tiny**2, eighth, cos_degree, bits)
    print("};")


print("""/// Polynomials and constants of math.hpp. Written by scripts/elementary_coefficients.py.
#pragma once

namespace bvae::kernels {

template <class T>
struct MathCoefficients;""")
coefficients(24, 4, 7, 6, 9, 2.5, 10.35, 3, 4)
coefficients(53, 10, 19, 12, 23, 4, 27.5, 7, 8)
print("""
/// pi/2 in parts: whole ones for fused multiply-adds, and short ones whose product with a number below 2^20 is exact.
struct HalfPi {""")
rest = pi / 2
for part in range(3):
    rest -= constant(f"kPart{part}", rest, 53)
rest = pi / 2 - constant("kShort0", pi / 2, 53, 33)
constant("kShortRest", rest, 53)
for part in range(1, 3):
    rest -= constant(f"kShort{part}", rest, 53, 33)
constant("kShort3", rest, 53)
print("  static constexpr double kInverse = " + literal(rounded(2 / pi, 53), 53) + ";")
print("};\n\n}  // namespace bvae::kernels")
