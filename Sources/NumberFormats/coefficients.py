#!/usr/bin/env python3
"""Fits the polynomials of docs/semantics.md 8.1-8.3 and prints them as binary32 hexadecimal literals.

Each fit is a weighted minimax fit (Lawson's iteration on Chebyshev nodes, 40-digit target values). The coefficients are
rounded to binary32 one at a time, the highest or the lowest degree first (whichever ends better), and the rest are fitted
again after each rounding, so that what is printed is what was fitted. Errors printed here are those of the polynomial; tests state those of the evaluated function.

Needs numpy and mpmath. Nothing runs this at build time: VectorFunctions.swift and vectors_body.h carry its output.
"""
import mpmath
import numpy as np

mpmath.mp.dps = 40


def minimax(basis, target, weight, rounds=200):
    """Coefficients c minimising max |weight * (basis @ c - target)|, by Lawson's iteratively reweighted least squares."""
    lawson = np.ones(len(target)) / len(target)
    best, best_error = None, np.inf
    for _ in range(rounds):
        scale = np.sqrt(lawson) * weight
        c = np.linalg.lstsq(basis * scale[:, None], target * scale, rcond=None)[0]
        error = np.abs(weight * (basis @ c - target))
        if error.max() < best_error:
            best, best_error = c, error.max()
        lawson = lawson * (error + 1e-30)
        lawson /= lawson.sum()
    return best, best_error


def fit(name, powers, x, target, weight):
    """Fits target with sum c_k x^k over `powers`, each c_k a binary32."""
    basis = np.stack([x**k for k in powers], axis=1)
    _, ideal = minimax(basis, target, weight)
    achieved, fixed = np.inf, {}
    for order in (list(range(len(powers))), list(reversed(range(len(powers))))):
        rest, rounded = target.copy(), {}
        for done, place in enumerate(order):
            free = order[done:]
            c, _ = minimax(basis[:, free], rest, weight)
            rounded[powers[place]] = np.float32(c[0])
            rest = rest - basis[:, place] * np.float64(rounded[powers[place]])
        error = np.abs(weight * rest).max()
        if error < achieved:
            achieved, fixed = error, rounded
    print(f"{name}: ideal 2^{np.log2(ideal):.2f}, rounded to binary32 2^{np.log2(achieved):.2f}")
    for k in sorted(fixed):
        print(f"    c{k} = {float(fixed[k]).hex()}  // {fixed[k]!r}")
    return {k: float(v) for k, v in fixed.items()}


def nodes(low, high, count=2001):
    return (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)


def exact(function, x):
    return np.array([float(function(mpmath.mpf(float(v)))) for v in x])


def fit_exp():
    """exp(r) = 1 + (r + r^2 q(r)) for |r| <= ln 2 / 2, widened a little for the rounding of the reduction."""
    x = nodes(-0.3468, 0.3468)
    x = x[x != 0]
    q = exact(lambda r: (mpmath.expm1(r) - r) / (r * r), x)
    weight = x * x / np.exp(x)
    return fit("exp q(r)", [0, 1, 2, 3, 4], x, q, weight)


def fit_gelu(p, degree=8):
    """Phi(-z) = t P(t) exp(-z^2/2), t = 1/(1 + p z), 0 <= z <= 16; the error is relative."""
    t = nodes(1 / (1 + p * 16), 1.0)
    z = (1 / t - 1) / p
    f = exact(lambda v: mpmath.erfc(v / mpmath.sqrt(2)) / 2 * mpmath.exp(v * v / 2), z) / t
    return fit(f"gelu P(t), p = {p}", list(range(degree + 1)), t, f, 1 / f)


def fit_log():
    """log(1 + f) = f - f^2/2 + f^3 R(f) for sqrt(1/2) <= 1 + f < sqrt(2); the error is relative to log(1 + f)."""
    x = nodes(float(mpmath.sqrt(0.5)) - 1, float(mpmath.sqrt(2)) - 1)
    x = x[np.abs(x) > 1e-6]
    r = exact(lambda f: (mpmath.log1p(f) - f + f * f / 2) / (f * f * f), x)
    return fit("log R(f)", list(range(9)), x, r, np.abs(x**3 / np.log1p(x)))


if __name__ == "__main__":
    fit_exp()
    fit_gelu(p=89 / 256)
    fit_log()
