"""`zeroth cast` beside exact rational arithmetic, written from docs/semantics.md, sections 2 and 6, alone.

    casts.py ZEROTH [--seed 1] [--share 3]

Every pair of formats in every rounding; overflow policy, flushing and the number of random bits are drawn. Compares every code, and the exceptions of
each file. With --share n, one in n pairs and roundings. Needs NumPy.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np

# sign bits, exponent bits, fraction bits, bias, specials, canonical NaN, largest finite number
FLOATS = {
    "e4m3": (1, 4, 3, 7, "nan", 0x7F, Fraction(448)),
    "e5m2": (1, 5, 2, 15, "ieee", 0x7E, Fraction(57344)),
    "e3m4": (1, 3, 4, 3, "ieee", 0x78, Fraction(31, 2)),
    "e4m3ieee": (1, 4, 3, 7, "ieee", 0x7C, Fraction(240)),
    "e2m1": (1, 2, 1, 1, "none", None, Fraction(6)),
    "e2m3": (1, 2, 3, 1, "none", None, Fraction(15, 2)),
    "e3m2": (1, 3, 2, 3, "none", None, Fraction(28)),
    "e8m0": (0, 8, 0, 127, "nan", 0xFF, Fraction(2) ** 127),
    "bf16": (1, 8, 7, 127, "ieee", 0x7FC0, Fraction(255, 128) * 2**127),
    "fp16": (1, 5, 10, 15, "ieee", 0x7E00, Fraction(65504)),
    "fp32": (1, 8, 23, 127, "ieee", 0x7FC00000, (2 - Fraction(1, 2**23)) * 2**127),
}
INTEGERS = {"int4": 4, "int8": 8, "int16": 16, "int32": 32}
FORMATS = list(INTEGERS) + list(FLOATS)
MODES = ["nearest-even", "nearest-away", "toward-zero", "down", "up", "odd", "stochastic-a", "stochastic-b", "stochastic-c"]
POLICIES = ["saturate", "saturate-propagate", "ieee"]
INVALID, OVERFLOW, UNDERFLOW, INEXACT = 16, 4, 2, 1
FLAGS = {"invalid": INVALID, "overflow": OVERFLOW, "underflow": UNDERFLOW, "inexact": INEXACT}
HALF = Fraction(1, 2)


def power(e):
    return Fraction(2) ** e


def floor(x):
    return x.numerator // x.denominator


def log2floor(m):
    k = m.numerator.bit_length() - m.denominator.bit_length()
    return k - 1 if power(k) > m else k


def width(name):
    return INTEGERS[name] if name in INTEGERS else sum(FLOATS[name][:3])


class Number:
    """A value: `kind` is "nan", "infinity" or "number"."""

    def __init__(self, kind, sign=0, magnitude=Fraction(0), signaling=False, subnormal=False):
        self.kind, self.sign, self.magnitude = kind, sign, magnitude
        self.signaling, self.subnormal = signaling, subnormal


def decode(name, code):
    if name in INTEGERS:
        bits = INTEGERS[name]
        value = code - (1 << bits) if code >> (bits - 1) & 1 else code
        return Number("number", int(value < 0), Fraction(abs(value)))
    signs, e_bits, f_bits, bias, specials, _, _ = FLOATS[name]
    sign = code >> (e_bits + f_bits) & signs
    e, f = code >> f_bits & ((1 << e_bits) - 1), code & ((1 << f_bits) - 1)
    ones = (1 << e_bits) - 1
    if specials == "ieee" and e == ones:
        return Number("nan", signaling=not f >> (f_bits - 1)) if f else Number("infinity", sign)
    if specials == "nan" and e == ones and f == (1 << f_bits) - 1:
        return Number("nan")
    if name == "e8m0":
        return Number("number", 0, power(e - bias))
    if e:
        return Number("number", sign, power(e - bias) * (1 + Fraction(f, 1 << f_bits)))
    return Number("number", sign, power(1 - bias) * Fraction(f, 1 << f_bits), subnormal=f != 0)


def rne(x):
    k = floor(x)
    return k + 1 if x - k > HALF or x - k == HALF and k & 1 else k


def rounds_up(mode, bits, word, v, k, sign):
    """Section 6.1's table."""
    r = word & ((1 << bits) - 1)
    return v != 0 and {
        "nearest-even": lambda: v > HALF or v == HALF and k & 1 == 1,
        "nearest-away": lambda: v >= HALF,
        "toward-zero": lambda: False,
        "down": lambda: sign == 1,
        "up": lambda: sign == 0,
        "odd": lambda: k & 1 == 0,
        "stochastic-a": lambda: floor(v * 2**bits) + r >= 2**bits,
        "stochastic-b": lambda: floor(v * 2 ** (bits + 1)) + 2 * r + 1 >= 2 ** (bits + 1),
        "stochastic-c": lambda: rne(v * 2**bits) + r >= 2**bits,
    }[mode]()


def rounded(m, q, mode, bits, word, sign):
    """m in units of 2^q as an integer, and whether that is inexact."""
    k = floor(m / power(q))
    v = m / power(q) - k
    return k + int(rounds_up(mode, bits, word, v, k, sign)), v != 0


def code_of(name, sign, m):
    """The code of a number that the format holds."""
    signs, e_bits, f_bits, bias, *_ = FLOATS[name]
    if name == "e8m0":
        return log2floor(m) + bias
    shifted = sign << (e_bits + f_bits) if signs else 0
    if m < power(1 - bias):
        return shifted | int(m / power(1 - bias - f_bits))
    e = log2floor(m)
    return shifted | e + bias << f_bits | int(m / power(e - f_bits)) - (1 << f_bits)


def encode(name, x, mode, bits, word, policy, flushes):
    """The code and the exceptions of a value."""
    if name in INTEGERS:
        n = INTEGERS[name]
        low, high, mask = -(1 << n - 1), (1 << n - 1) - 1, (1 << n) - 1
        if x.kind == "nan":
            return 0, INVALID
        if x.kind == "infinity":
            return (low if x.sign else high) & mask, INVALID
        k, inexact = rounded(x.magnitude, 0, mode, bits, word, x.sign)
        k = -k if x.sign else k
        limited = min(max(k, low), high)
        return limited & mask, INVALID if limited != k else INEXACT if inexact else 0
    signs, e_bits, f_bits, bias, specials, nan, largest = FLOATS[name]
    is_scale = name == "e8m0"

    def infinity():
        if specials == "ieee":
            return x.sign << (e_bits + f_bits) | ((1 << e_bits) - 1) << f_bits
        return nan if nan is not None else code_of(name, x.sign, largest)

    if x.kind == "nan":
        return (code_of(name, 0, largest), INVALID) if nan is None else (nan, INVALID if x.signaling else 0)
    if is_scale and (x.sign or x.kind == "number" and x.magnitude == 0):
        return nan, INVALID
    if x.kind == "infinity":
        if policy == "saturate":
            return code_of(name, x.sign, largest), OVERFLOW | INEXACT
        return infinity(), 0 if specials == "ieee" else OVERFLOW | INEXACT
    if x.magnitude == 0:
        return code_of(name, x.sign, Fraction(0)), 0
    least = -bias if is_scale else 1 - bias
    exponent = log2floor(x.magnitude)
    q = max(exponent, least) - f_bits
    k, inexact = rounded(x.magnitude, q, mode, bits, word, x.sign)
    flags = INEXACT if inexact else 0
    if inexact:
        endless, _ = rounded(x.magnitude, exponent - f_bits, mode, bits, word, x.sign)
        flags |= UNDERFLOW if endless * power(exponent - f_bits) < power(least) else 0
    result = k * power(q)
    if is_scale:
        result = max(result, power(least))
    if result > largest:
        toward_zero = mode in ("toward-zero", "odd") or mode == "down" and not x.sign or mode == "up" and x.sign
        stays = policy != "ieee" or toward_zero
        return code_of(name, x.sign, largest) if stays else infinity(), OVERFLOW | INEXACT
    if flushes and not is_scale and 0 < result < power(least):
        return code_of(name, x.sign, Fraction(0)), UNDERFLOW | INEXACT
    return code_of(name, x.sign, result), flags


def converted(code, source, target, mode, bits, word, policy, flushes_inputs, flushes_outputs):
    x = decode(source, code)
    if flushes_inputs and x.subnormal:
        x = Number("number", x.sign)
    return encode(target, x, mode, bits, word, policy, flushes_outputs)


def operands(source, target, rng):
    """Every code of a narrow format; of others the ends, some of no pattern, and numbers around the target's and halfway between them."""
    n = width(source)
    if n < 8:
        return list(range(1 << n))
    codes = [rng.randrange(1 << n) for _ in range(30)]
    codes += [0, 1, 2, (1 << n) - 1, 1 << n - 1, (1 << n - 1) + 1, (1 << n - 1) - 1]
    if source in FLOATS:
        signs, e_bits, f_bits, *_ = FLOATS[source]
        top = ((1 << e_bits) - 1) << f_bits
        codes += [top, top | signs << n - 1, (top + 1) % (1 << n), top - 1, (1 << f_bits) - 1, 1 << f_bits]
    for _ in range(30):
        near = decode(target, rng.choice([rng.randrange(1 << width(target)), rng.randrange(min(64, 1 << width(target)))]))
        if near.kind != "number":
            continue
        place = 0
        if target in FLOATS:
            _, _, f_bits, bias, *_ = FLOATS[target]
            place = max(log2floor(near.magnitude) if near.magnitude else 1 - bias, 1 - bias) - f_bits
        part = rng.choice([Fraction(0), HALF, HALF / 2, Fraction(1, 4096), 1 - Fraction(1, 4096), HALF + Fraction(1, 16384), HALF - Fraction(1, 16384)])
        moved = Number("number", near.sign, near.magnitude + part * power(place))
        codes.append(encode(source, moved, rng.choice(["nearest-even", "toward-zero"]), 1, 0, "saturate", False)[0])
    return codes


def element_type(name):
    if name in INTEGERS:
        return {4: np.int8, 8: np.int8, 16: np.int16, 32: np.int32}[INTEGERS[name]]
    return np.uint8 if width(name) <= 8 else np.uint16 if width(name) == 16 else np.uint32


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zeroth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    compared = differing = 0
    cases = [(a, b, mode) for a in FORMATS for b in FORMATS for mode in MODES]
    with tempfile.TemporaryDirectory() as folder:
        given, made, words = (os.path.join(folder, name + ".npy") for name in ("in", "out", "random"))
        for source, target, mode in cases[arguments.seed % arguments.share :: arguments.share]:
            codes = operands(source, target, rng)
            policy, bits = rng.choice(POLICIES), rng.choice([1, 2, 5, 8, 12, 16, 17, 24, 31, 32])
            inputs, outputs = rng.random() < 0.3, rng.random() < 0.3
            np.save(given, np.array(codes, np.uint64).astype(element_type(source)))
            command = [arguments.zeroth, "cast", given, made, "--from", source, "--to", target, "--rounding", mode]
            command += ["--overflow", policy, "--json", "--threads", "1"]
            command += ["--flush-inputs"] * inputs + ["--flush-outputs"] * outputs
            drawn = [0] * len(codes)
            if mode.startswith("stochastic"):
                ends = [0, 2**32 - 1, 1 << bits - 1, (1 << bits - 1) - 1]
                drawn = [rng.choice(ends + [rng.getrandbits(32)] * 2) for _ in codes]
                np.save(words, np.array(drawn, np.uint32))
                command += ["--random-bits", str(bits), "--random", words]
            said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            ours = np.load(made)
            assert ours.dtype == element_type(target), ours.dtype
            raised = 0
            for code, word, own in zip(codes, drawn, ours):
                expected, flags = converted(code, source, target, mode, bits, word, policy, inputs, outputs)
                raised |= flags
                compared += 1
                if int(own) & (1 << width(target)) - 1 != expected:
                    differing += 1
                    print(f"{source} {code:#x} → {target}, {' '.join(command[8:])}, word {word:#x}: {int(own):#x}, {expected:#x} expected")
            if sum(FLAGS[name] for name in said["exceptions"]) != raised:
                differing += 1
                print(f"{' '.join(command)}: {said['exceptions']}, {raised} expected")
    print(f"{compared} casts, {differing} differ")
    sys.exit(1 if differing or not compared else 0)


main()
