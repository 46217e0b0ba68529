#!/usr/bin/env python3
"""Writes TableGaussian+Thresholds.swift: C[k] = rne(2^31 * erf((k + 1/2) / (85 * sqrt 2))), k = 0...510.

Only integers and Decimal at 60 digits are used, so the table comes out the same everywhere; no entry lies within
1e-12 of a tie. `python3 gaussian_table.py` writes the file, `--check` says whether it is what the rule gives.
"""
import sys
from decimal import Decimal, getcontext
from pathlib import Path

SIGMA, LARGEST, BITS = 85, 511, 31
FILE = Path(__file__).with_name("TableGaussian+Thresholds.swift")


def pi() -> Decimal:
    """Machin: 16 atan(1/5) - 4 atan(1/239)."""

    def arctangent(inverse: int) -> Decimal:
        total, power, n = Decimal(0), Decimal(1) / inverse, 0
        while abs(power) > Decimal(10) ** -65:
            total += (power if n % 2 == 0 else -power) / (2 * n + 1)
            power /= inverse * inverse
            n += 1
        return total

    return 16 * arctangent(5) - 4 * arctangent(239)


def erf(x: Decimal) -> Decimal:
    """2/sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n+1) / (2n+1)!!: every term positive, so nothing cancels."""
    term, total, n = x, Decimal(0), 0
    while term > Decimal(10) ** -60:
        total += term
        n += 1
        term = term * 2 * x * x / (2 * n + 1)
    return 2 / pi().sqrt() * (-x * x).exp() * total


def thresholds() -> list[int]:
    getcontext().prec = 60
    entries = []
    for k in range(LARGEST):
        exact = Decimal(2) ** BITS * erf(Decimal(2 * k + 1) / 2 / (SIGMA * Decimal(2).sqrt()))
        entry = int(exact.to_integral_value())
        assert abs(abs(exact - entry) - Decimal(1) / 2) > Decimal(10) ** -12, "a tie"
        entries.append(entry)
    return entries


def text() -> str:
    lines = [
        "// Written by gaussian_table.py; do not edit.",
        "",
        "extension TableGaussian {",
        "    /// C[k] = rne(2³¹·erf((k + ½)/(85·√2))), k = 0…510: how many of the 2³¹ low 31-bit words give a magnitude of at most k.",
        "    public static let thresholds: [UInt32] = [",
    ]
    entries = thresholds()
    for start in range(0, len(entries), 7):
        lines.append("        " + " ".join(f"{entry:_}," for entry in entries[start : start + 7]))
    return "\n".join(lines + ["    ]", "}", ""])


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text() != text():
            sys.exit(f"{FILE.name} is not what the rule gives; run gaussian_table.py")
        print(f"{FILE.name}: {LARGEST} entries, as the rule gives")
    else:
        FILE.write_text(text())
