"""Every random source and distribution again, in plain Python, written from docs/semantics.md, sections 4 and 5.

Takes the flags that `zeroth random` took, without --json, and the .npy file it wrote; recomputes every element and
exits with status 1 at the first that differs. Needs no packages.
"""
import argparse
import ast
import math
import struct
import sys
from decimal import Decimal, getcontext

M32, M64 = 2**32 - 1, 2**64 - 1
PURPOSES = ["perturbation", "first-rounding", "second-rounding", "grid-rounding", "update", "activations",
            "batch-order", "data-split"]
MASKS = {8: 0xB8, 16: 0xD008, 24: 0xE10000, 32: 0x80200003, 64: 0xD800000000000000}


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & M32, (p0 >> 32) ^ c[3] ^ k[1], p0 & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def block(a, index, use=0):
    counter = [index & M32, index >> 32 | a.tensor << 16, a.step, a.query | use << 16 | PURPOSES.index(a.purpose) << 24]
    return philox(counter, [a.seed & M32, a.seed >> 32])


def rotl(x, k, bits=64):
    return (x << k | x >> (bits - k)) & (2**bits - 1)


def lane_words(a, lane):
    return block(a, 2 * lane, 1) + block(a, 2 * lane + 1, 1)


class LFSR:
    packs = False

    def __init__(self, a):
        self.width = a.width or 32
        self.mask = int(a.mask, 0) if a.mask else MASKS[self.width]
        self.output_bits = a.bits_per_draw or min(self.width, 32)
        self.steps = a.steps_per_draw or self.output_bits
        self.complement = a.complement

    def start(self, words):
        for i in range(0, 8, 2):
            state = (words[i] | words[i + 1] << 32) & (2**self.width - 1)
            if state:
                return state
        return 1

    def output(self, s):
        return (~s if self.complement else s) & (2**self.output_bits - 1)

    def step(self, s):
        for _ in range(self.steps):
            s = s >> 1 ^ (self.mask if s & 1 else 0)
        return s


class Four:
    packs = True

    def __init__(self, bits, shift, rotation, scramble):
        self.output_bits, self.shift, self.rotation, self.scramble = bits, shift, rotation, scramble

    def start(self, words):
        return words[:4] if self.output_bits == 32 else [words[2 * i] | words[2 * i + 1] << 32 for i in range(4)]

    def output(self, s):
        low = 2**self.output_bits - 1
        return (rotl((s[0] + s[3]) & low, self.scramble, self.output_bits) + s[0]) & low

    def step(self, s):
        s = list(s)
        t = s[1] << self.shift & (2**self.output_bits - 1)
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], self.rotation, self.output_bits)
        return s


class Two:
    packs, output_bits = True, 64

    def __init__(self, a, b, c, aox):
        self.a, self.b, self.c, self.aox = a, b, c, aox

    def start(self, words):
        return [words[0] | words[1] << 32, words[2] | words[3] << 32]

    def output(self, s):
        if not self.aox:
            return (s[0] + s[1]) & M64
        both = s[0] & s[1]
        return s[0] ^ s[1] ^ (rotl(both, 1) | rotl(both, 2))

    def step(self, s):
        x = s[0] ^ s[1]
        return [rotl(s[0], self.a) ^ x ^ (x << self.b & M64), rotl(x, self.c)]


def lanes_draws(a, generator, lanes, elements, bits):
    """The draws of all elements up to the last, each lane stepped from its start."""
    draws = {}
    for lane in range(lanes):
        state, outputs = generator.start(lane_words(a, lane)), []
        numbers = [e // lanes for e in elements if e % lanes == lane]
        per_output = generator.output_bits // bits if generator.packs else 1
        per_draw = -(-bits // generator.output_bits)
        needed = (max(numbers, default=-1) // per_output + 1) * per_draw
        for _ in range(needed):
            outputs.append(generator.output(state))
            state = generator.step(state)
        for n in numbers:
            at = n // per_output * per_draw
            value = sum(outputs[at + i] << i * generator.output_bits for i in range(per_draw))
            draws[n * lanes + lane] = value >> bits * (n % per_output) & (2**bits - 1)
    return [draws[e] for e in elements]


def draws(a, elements, bits):
    if a.source == "philox":
        if bits == 32:
            return [block(a, e >> 2)[e & 3] for e in elements]
        return [block(a, e >> 3)[e >> 1 & 3] >> 16 * (e & 1) & 0xFFFF for e in elements]
    if a.source == "pool":
        size = a.pool_words or 4096
        zero = argparse.Namespace(seed=a.seed, step=0, query=0, tensor=0, purpose="perturbation")
        pool = [block(zero, i >> 2, 2)[i & 3] for i in range(size)]
        lfsr = LFSR(argparse.Namespace(width=32, mask=None, bits_per_draw=None, steps_per_draw=None, complement=False))
        blocks = sorted({e // size for e in elements})
        rotation = dict(zip(blocks, [w * size >> 32 for w in lanes_draws(a, lfsr, 1, blocks, 32)]))
        return [pool[(e + rotation[e // size]) % size] & (2**bits - 1) for e in elements]
    generator = {
        "lfsr": lambda: LFSR(a), "xoshiro128++": lambda: Four(32, 9, 11, 7), "xoshiro256++": lambda: Four(64, 17, 45, 23),
        "xoroshiro128+": lambda: Two(24, 16, 37, False), "xoroshiro128aox": lambda: Two(55, 14, 36, True),
    }[a.source]()
    return lanes_draws(a, generator, a.lanes or 1, elements, bits)


def thresholds():
    getcontext().prec = 50
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
    entries = []
    for k in range(511):
        x = Decimal(2 * k + 1) / (170 * Decimal(2).sqrt())
        term, total, n = x, Decimal(0), 0
        while term > Decimal(10) ** -45:
            total += term
            n += 1
            term = term * 2 * x * x / (2 * n + 1)
        entries.append(int((2**31 * 2 / pi.sqrt() * (-x * x).exp() * total).to_integral_value()))
    return entries


def codes(a, elements):
    """Codes and the value of one of them, as text after struct's letter."""
    d = a.distribution
    if d == "bits":
        return draws(a, elements, 32), None, "I"
    if d == "bits16":
        return draws(a, elements, 16), None, "H"
    if d == "uniform":
        return [2 * (w >> 7) - 511 for w in draws(a, elements, 16)], 1 / math.sqrt(87381.0), "h"
    if d == "rademacher":
        places = sorted({e // 32 for e in elements})
        words = dict(zip(places, draws(a, places, 32)))
        return [-1 if words[e // 32] >> e % 32 & 1 else 1 for e in elements], 1.0, "b"
    words = draws(a, elements, 32)
    if d == "gaussian":
        return [sum(w.to_bytes(4, "little")) - 510 for w in words], 1 / math.sqrt(21845.0), "h"
    if d == "gaussian-table":
        table = thresholds()
        values = [sum(1 for c in table if c <= (w & 2**31 - 1)) for w in words]
        scale = 1 / math.sqrt(15515748257401 / 2**31)
        return [-v if w >> 31 else v for v, w in zip(values, words)], scale, "h"
    m = int(d.split(":")[1])
    return [(w * (2 * m + 1) >> 32) - m for w in words], 1.0, "h"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    p.add_argument("--source", default="philox")
    p.add_argument("--distribution", default="gaussian")
    p.add_argument("--purpose", default="perturbation")
    p.add_argument("--mask")
    for name in ["seed", "step", "query", "tensor", "start"]:
        p.add_argument("--" + name, type=int, default=0)
    for name in ["count", "lanes", "width", "bits-per-draw", "steps-per-draw", "pool-words"]:
        p.add_argument("--" + name, type=int)
    p.add_argument("--complement", action="store_true")
    p.add_argument("--decode", action="store_true")
    a = p.parse_args()

    raw = open(a.file, "rb").read()
    assert raw[:8] == b"\x93NUMPY\x01\x00", "not a .npy file of version 1.0"
    length = struct.unpack("<H", raw[8:10])[0]
    header = ast.literal_eval(raw[10 : 10 + length].decode())
    expected, scale, letter = codes(a, range(a.start, a.start + a.count))
    if a.decode:
        expected, letter = [c * scale for c in expected], "f"
    sizes = {"I": "<u4", "H": "<u2", "h": "<i2", "b": "|i1", "f": "<f4"}
    assert header == {"descr": sizes[letter], "fortran_order": False, "shape": (a.count,)}, header
    data = raw[10 + length :]
    want = struct.pack(f"<{a.count}{letter}", *expected)
    if data != want:
        size = struct.calcsize("<" + letter)
        place = next(i for i in range(0, len(want), size) if data[i : i + size] != want[i : i + size]) // size
        sys.exit(f"element {a.start + place}: {data[place * size:][:size].hex()}, should be {want[place * size:][:size].hex()}")
    print(f"{a.count} elements agree")


main()
