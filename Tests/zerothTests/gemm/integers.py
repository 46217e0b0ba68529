#!/usr/bin/env python3
"""Checks `zeroth gemm` on integers against numpy's int64: python3 integers.py PROGRAM

Codes are packed here from the definition, and sums that saturate are a loop over k. Prints how many sums were compared; any difference ends
it with an error.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

generator = np.random.default_rng(4)
compared = 0


def pack(x):
    """[rows, columns] of -8 ... 7 as [rows, ceil(columns / 2)] bytes, the first number in the low half."""
    nibbles = (x & 15).astype(np.uint8)
    if nibbles.shape[1] % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)))
    return nibbles[:, 0::2] | nibbles[:, 1::2] << 4


def accumulate(a, b, bits, overflow, block):
    """The sums, their largest magnitude, overflows and the narrowest width, as docs/semantics.md, section 8.4, has them."""
    m, k = a.shape
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    found = {"low": 0, "high": 0, "overflows": 0}

    def added(x, y):
        held, exact = x[0] + y[0], x[1] + y[1]
        found["low"] = min(found["low"], int(exact.min()))
        found["high"] = max(found["high"], int(exact.max()))
        found["overflows"] += int(((held < low) | (held > high)).sum())
        if overflow == "saturate":
            return np.clip(held, low, high), exact
        return (held - low) % 2**bits + low, exact

    zero = (np.zeros((m, len(b)), np.int64),) * 2
    memory = total = zero
    for q in range(k):
        if block and q and q % block == 0:
            memory, total = added(memory, total), zero
        product = np.outer(a[:, q].astype(np.int64), b[:, q].astype(np.int64))
        total = added(total, (product, product))
    if block:
        total = added(memory, total)
    width = 1 + max((-found["low"] - 1).bit_length() if found["low"] < 0 else 0, found["high"].bit_length())
    return total[0], max(-found["low"], found["high"]), found["overflows"], width


def check(program, folder, m, n, k, a_kind, b_kind, bits=32, overflow="wrap", block=None, extremes=False):
    """One product; a kind is int8, int4 or packed."""
    global compared
    operands, flags = [], []
    for name, kind, rows in (("a", a_kind, m), ("b", b_kind, n)):
        half = 128 if kind == "int8" else 8
        x = generator.integers(-half, half, (rows, k))
        if extremes:
            x = np.where(generator.random((rows, k)) < 0.9, -half, half - 1)
        operands.append(x)
        np.save(folder / f"{name}.npy", pack(x) if kind == "packed" else x.astype(np.int8))
        flags += [f"--{name}-format", "int8" if kind == "int8" else "int4"]
        flags += [f"--{name}-packed"] if kind == "packed" else []
    if a_kind == b_kind == "packed":
        flags += ["--depth", str(k)]
    if block:
        flags += ["--accumulate", f"blocked:{block}"]
    paths = [str(folder / f"{name}.npy") for name in "abc"]
    command = [program, "gemm", *paths, *flags, "--accumulator", f"{bits}-{overflow}", "--statistics", "--json"]
    printed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    c = np.load(folder / "c.npy")
    sums, largest, overflows, width = accumulate(*operands, bits, overflow, block)
    assert c.dtype == np.int32 and np.array_equal(c, sums), command
    assert printed["largestMagnitude"] == largest and printed["overflows"] == overflows, command
    assert printed["narrowestWidth"] == width, command
    if overflow == "wrap" and bits == 32:
        assert np.array_equal(c, operands[0].astype(np.int64) @ operands[1].astype(np.int64).T), command
    compared += c.size


def main():
    program = sys.argv[1]
    kinds = ["int8", "int4", "packed"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for a in kinds:
            for b in kinds:
                check(program, folder, 19, 37, 131, a, b)
                check(program, folder, 7, 18, 65, a, b, bits=11, overflow="saturate", extremes=True)
        check(program, folder, 1, 1, 1, "int8", "packed")
        check(program, folder, 3, 17, 2049, "int8", "int8", bits=24, overflow="saturate", extremes=True)
        check(program, folder, 3, 17, 2049, "int8", "int8", bits=24, overflow="wrap", extremes=True)
        check(program, folder, 9, 33, 300, "int8", "packed", bits=16, overflow="saturate", block=32)
        check(program, folder, 9, 33, 300, "int8", "int4", bits=9, overflow="wrap", block=7)
    print(f"{compared} sums equal")


if __name__ == "__main__":
    main()
