#!/usr/bin/env python3
"""The C interface from Python, held against ml_dtypes, NumPy and published vectors. Prints what agreed; exit status 1 where something does not."""

import random
import struct
import sys

import ml_dtypes
import numpy as np

import zeroth as z

emulator = z.load()
failures = 0


def report(what, wrong, count):
    global failures
    failures += wrong != 0
    print(f"{what:<64}{count:>9} compared{wrong:>7} differ")


# Every FP16 code to the narrower formats, to nearest even.
codes = np.arange(65536, dtype=np.uint16)
with np.errstate(all="ignore"):
    for name, target, dtype in [
        ("e4m3", z.E4M3, ml_dtypes.float8_e4m3fn), ("e5m2", z.E5M2, ml_dtypes.float8_e5m2), ("bf16", z.BF16, ml_dtypes.bfloat16),
    ]:
        expected = codes.view(np.float16).astype(np.float32).astype(dtype)
        width = np.uint16 if name == "bf16" else np.uint8
        wrong = 0
        for code, theirs in zip(codes, expected):
            # E4M3 has no infinity: ml_dtypes makes NaN of what overflows, as the policy `ieee` does.
            ours, _ = emulator.cast(int(code), z.FP16, target)
            if np.isnan(float(theirs)):
                wrong += not np.isnan(emulator.decode(ours, target))
            else:
                wrong += ours != int(theirs.view(width))
        report(f"FP16 to {name} beside ml_dtypes", wrong, len(codes))

# Stochastic rounding: the mean of many casts is the number.
source = struct.unpack("<I", struct.pack("<f", 1.03))[0]
mean = np.mean([
    emulator.decode(emulator.cast(source, z.FP32, z.E4M3, z.STOCHASTIC_A, 16, r << 4)[0], z.E4M3) for r in range(4096)
])
report("mean of 1.03 in E4M3, form A, over evenly spread random bits", int(abs(mean - 1.03) > 1e-4), 4096)

# Products.
generator = np.random.default_rng(1)
a, b = generator.integers(-128, 128, (7, 65)), generator.integers(-128, 128, (5, 65))
ours = emulator.product((a & 255).ravel().tolist(), (b & 255).ravel().tolist(), 7, 5, 65, z.INT8, z.INT8, "32-wrap")
report("INT8 product beside NumPy", int((np.array(ours, np.uint32).view(np.int32).reshape(7, 5) != a @ b.T).sum()), 35)

# The same on an array of 4 × 3, beat by beat, in each dataflow.
for name, dataflow in [("weight", z.WEIGHT_STATIONARY), ("input", z.INPUT_STATIONARY), ("output", z.OUTPUT_STATIONARY)]:
    array = emulator.array(8, 3, 1, z.INTEGER)
    array.begin((a & 255).ravel().tolist(), (b & 255).ravel().tolist(), 7, 5, 65, z.INT8, z.INT8, dataflow=dataflow)
    beats = 0
    while array.step():
        beats += 1
    wrong = sum(array.result(m, n) != ours[m * 5 + n] for m in range(7) for n in range(5)) + (beats != array.cycles)
    report(f"{name}-stationary array, {beats} cycles", wrong, 35)
try:
    array.begin([0] * 65, [0] * 65, 1, 1, 65, z.E4M3, z.E4M3)
    report("FP8 on an array of integer sums is refused", 1, 1)
except z.Refused:
    report("FP8 on an array of integer sums is refused", 0, 1)

# Philox4x32-10: known answers of its authors (Random123, kat_vectors).
known = [
    ([0, 0], [0] * 4, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 2, [0xFFFFFFFF] * 4, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
]
report("Philox4x32-10, published answers", sum(emulator.philox(k, c) != w for k, c, w in known), len(known))

# A shift register in plain Python.
state, mask, wrong = 0xACE1, 0x80000EA6, 0
for _ in range(1000):
    expected = state >> 1 ^ (mask if state & 1 else 0)
    wrong += emulator.lfsr(32, mask, state) != expected
    state = expected
report("Galois LFSR", wrong, 1000)

# One step of a chain, and what is refused.
rng, wrong = random.Random(2), 0
for _ in range(1000):
    x, y, c = rng.randrange(256), rng.randrange(256), rng.randrange(-1000, 1000)
    signed = lambda v: v - 256 if v > 127 else v  # noqa: E731
    expected = max(-(1 << 15), min((1 << 15) - 1, c + signed(x) * signed(y)))
    wrong += emulator.mac([x], [y], z.INT8, z.INT8, z.INTEGER, 16 | 64, [c & 0xFFFFFFFF])[0] != expected & 0xFFFFFFFF
report("INT8 into 16 saturating bits", wrong, 1000)
try:
    emulator.cast(0, 99, z.FP32)
    report("an unknown format is refused", 1, 1)
except z.Refused:
    report("an unknown format is refused", 0, 1)

sys.exit(1 if failures else 0)
