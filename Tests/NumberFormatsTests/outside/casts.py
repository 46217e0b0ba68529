"""What ml_dtypes and gfloat make of casts, sums and products.

    casts.py digests            write digests.tsv beside this file: a SHA-256 for each set of cases
    casts.py check              compute the digests again and compare them with the file
    casts.py full ZEROTH [--part 1/256] [--formats e4m3,…] [--every-set]
                                all 2^32 FP32 codes, or a part of them, through `ZEROTH cast` beside ml_dtypes, and all FP16 and BF16 codes;
                                one in seven of gfloat's sets of the digests, or every one

A set of cases is an array of codes in a stated order, so one digest stands for up to 2^20 results; `full` names the first that differ.
NaNs count as one: every NaN result is replaced by the format's canonical one, and where a format has none, NaN operands are left out (replaced by 1).
So are 2^21 - 1 operands of the casts to e8m0, in which ml_dtypes errs (see without_nan).

Needs numpy 2.2.6, ml_dtypes 0.6.0, gfloat 0.5.2.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
from gfloat import Domain, FormatInfo, RoundMode

np.seterr(all="ignore")

HERE = os.path.dirname(os.path.abspath(__file__))

# name: ml_dtypes' type, sign mask, canonical NaN
ML = {
    "e4m3": (ml_dtypes.float8_e4m3fn, 0x7F),
    "e5m2": (ml_dtypes.float8_e5m2, 0x7E),
    "e3m4": (ml_dtypes.float8_e3m4, 0x78),
    "e4m3ieee": (ml_dtypes.float8_e4m3, 0x7C),
    "e2m1": (ml_dtypes.float4_e2m1fn, None),
    "e2m3": (ml_dtypes.float6_e2m3fn, None),
    "e3m2": (ml_dtypes.float6_e3m2fn, None),
    "e8m0": (ml_dtypes.float8_e8m0fnu, 0xFF),
    "bf16": (ml_dtypes.bfloat16, 0x7FC0),
    "fp16": (np.float16, 0x7E00),
}


def ieee_like(name, k, precision, bias):
    return FormatInfo(
        name, k, precision, bias=bias, is_signed=True, domain=Domain.Extended, has_nz=True,
        num_high_nans=2 ** (precision - 1) - 1, has_subnormals=True, is_twos_complement=False)


G = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e3m4": ieee_like("e3m4", 8, 5, 3),
    "e4m3ieee": ieee_like("e4m3ieee", 8, 4, 7),
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp16": gfloat.formats.format_info_binary16,
}

MODES = {
    "nearest-even": RoundMode.TiesToEven,
    "nearest-away": RoundMode.TiesToAway,
    "toward-zero": RoundMode.TowardZero,
    "down": RoundMode.TowardNegative,
    "up": RoundMode.TowardPositive,
    "stochastic-a": RoundMode.StochasticFastest,
    "stochastic-b": RoundMode.StochasticFast,
    "stochastic-c": RoundMode.Stochastic,
}

# Lower halves of the FP32 operands: the ends, the middle and its neighbours, single bits, and some of no pattern.
TAILS = [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x4000, 0xC000, 0x2000, 0x1000, 0x0800, 0x3FFF, 0xBEEF, 0x5A5A, 0x9E37, 0x6C62]

# Random bits of the stochastic modes.
BITS = [1, 2, 3, 5, 8, 12, 16, 24, 31, 32]


def code_type(name):
    return np.uint16 if name in ("bf16", "fp16") else np.uint8


def operands():
    """2^20 FP32 codes: all upper halves, the tails one after the other."""
    upper = np.arange(1 << 16, dtype=np.uint32) << 16
    return np.concatenate([upper | np.uint32(tail) for tail in TAILS])


def random_words(count):
    """A word for each operand: Weyl's sequence of the golden ratio, all of whose bits are used."""
    with np.errstate(over="ignore"):
        return (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).astype(np.uint32)


def without_nan(codes, name):
    """The operands with NaNs replaced by 1 where the format has no NaN.

    For e8m0 the numbers between 2^-127 and 1.5 * 2^-127 are replaced, too: ml_dtypes 0.6.0 makes them 2^-126 although 2^-127 is nearer.
    """
    if name == "e8m0":
        return np.where((codes > 0x400000) & (codes < 0x600000), np.uint32(0x3F800000), codes)
    if ML[name][1] is not None:
        return codes
    return np.where((codes & 0x7FFFFFFF) > 0x7F800000, np.uint32(0x3F800000), codes)


def canonical(codes, values, name):
    nan = ML[name][1]
    return codes if nan is None else np.where(np.isnan(values), code_type(name)(nan), codes)


def ml_cast(x, name):
    """Codes of ml_dtypes: nearest-even; overflow ieee."""
    kind = ML[name][0]
    y = x.astype(kind)
    return canonical(y.view(code_type(name)), y.astype(np.float32), name)


def gfloat_cast(codes, name, mode, bits, overflow, random):
    """Codes of gfloat. It knows saturation of infinities, too, or none; saturate-propagate is the former where the operand is finite."""
    x = codes.view(np.float32).astype(np.float64)
    extra = {} if bits is None else {"srbits": (random & np.uint32((1 << bits) - 1)).astype(np.int64), "srnumbits": bits}
    info = G[name]

    def rounded(saturate):
        return gfloat.round_ndarray(info, x, MODES[mode], saturate, **extra)

    def encoded(y):
        return canonical(gfloat.encode_ndarray(info, y).astype(code_type(name)), y, name)

    if overflow == "saturate" or ML[name][1] is None:
        return encoded(rounded(True))
    if overflow == "ieee":
        return encoded(rounded(False))
    y = rounded(True)
    infinities = x if info.domain == Domain.Extended else np.full_like(x, np.nan)
    return encoded(np.where(np.isinf(x), infinities, y))


def gfloat_sets():
    for name in G:
        for mode in MODES:
            for bits in BITS if mode.startswith("stochastic") else [None]:
                for overflow in ["saturate", "saturate-propagate", "ieee"]:
                    yield name, mode, bits, overflow


def digest(codes):
    return hashlib.sha256(np.ascontiguousarray(codes).tobytes()).hexdigest()


def sets():
    """Name, number of cases and codes of every set."""
    for source in ["bf16", "fp16"]:
        every = np.arange(1 << 16, dtype=np.uint16)
        x = every.view(ML[source][0]).astype(np.float32).view(np.uint32)
        for name in ML:
            if name not in ("bf16", "fp16"):
                yield f"ml_dtypes cast {source} {name}", ml_cast(without_nan(x, name).view(np.float32), name)
    codes = np.arange(256, dtype=np.uint8)
    for name in ["e4m3", "e5m2", "e3m4", "e4m3ieee"]:
        kind = ML[name][0]
        a, b = np.repeat(codes, 256).view(kind), np.tile(codes, 256).view(kind)
        for operation, y in [("add", a + b), ("multiply", a * b)]:
            yield f"ml_dtypes {operation} {name} -", canonical(y.view(np.uint8), y.astype(np.float32), name)
    x = operands()
    random = random_words(len(x))
    for name in ML:
        yield f"ml_dtypes cast fp32 {name}", ml_cast(without_nan(x, name).view(np.float32), name)
    for name, mode, bits, overflow in gfloat_sets():
        y = gfloat_cast(without_nan(x, name), name, mode, bits, overflow, random)
        yield f"gfloat {mode}{'' if bits is None else f':{bits}'} {overflow} {name}", y


def lines():
    for name, codes in sets():
        yield "\t".join(name.split(" ") + [str(len(codes)), digest(codes)])


def write_digests():
    path = os.path.join(HERE, "digests.tsv")
    with open(path + ".tmp", "w") as file:
        file.write("# made by casts.py digests: library, operation, formats or policy, cases, SHA-256 of the codes\n")
        for line in lines():
            file.write(line + "\n")
    os.replace(path + ".tmp", path)


def check_digests():
    with open(os.path.join(HERE, "digests.tsv")) as file:
        stored = [line.rstrip("\n") for line in file if not line.startswith("#")]
    made = list(lines())
    differing = [line for line in stored + made if line not in stored or line not in made]
    for line in differing:
        print("differs:", line)
    print(f"{len(made)} sets, {len(differing)} lines differ")
    return 1 if differing else 0


class Zeroth:
    """`zeroth cast` on arrays."""

    def __init__(self, path):
        self.path = path
        self.folder = tempfile.TemporaryDirectory()

    def cast(self, codes, source, target, *flags, random=None):
        given, made = (os.path.join(self.folder.name, name) for name in ("in.npy", "out.npy"))
        np.save(given, codes)
        flags = list(flags)
        if random is not None:
            np.save(os.path.join(self.folder.name, "random.npy"), random)
            flags += ["--random", os.path.join(self.folder.name, "random.npy")]
        if os.path.exists(made):
            os.remove(made)
        subprocess.run([self.path, "cast", given, made, "--from", source, "--to", target, *flags], check=True, stdout=subprocess.DEVNULL)
        return np.load(made)


def report(name, operands, ours, theirs, totals):
    differing = np.flatnonzero(ours != theirs)
    totals[0] += len(ours)
    totals[1] += len(differing)
    for i in differing[:5]:
        print(f"{name}: operand {int(operands[i]):#x}: zeroth {int(ours[i]):#x}, {int(theirs[i]):#x} expected")


def full(path, part, formats, everything):
    zeroth = Zeroth(path)
    status = 0
    for name in formats:
        totals = [0, 0]
        every = np.arange(1 << 16, dtype=np.uint16)
        for source in ["bf16", "fp16"]:
            if name in ("bf16", "fp16"):
                continue
            x = every.view(ML[source][0]).astype(np.float32).view(np.uint32)
            keep = without_nan(x, name) == x
            report(f"{source} → {name}", every[keep],
                   zeroth.cast(every[keep], source, name, "--overflow", "ieee"),
                   ml_cast(x[keep].view(np.float32), name), totals)
        index, parts = part
        count = (1 << 32) // parts
        chunk = 1 << 24
        for first in range(0, count, chunk):
            places = np.arange(first, min(first + chunk, count), dtype=np.uint64)
            x = (places * np.uint64(parts) + np.uint64(index)).astype(np.uint32)
            x = without_nan(x, name)
            report(f"fp32 → {name}", x, zeroth.cast(x, "fp32", name, "--overflow", "ieee"), ml_cast(x.view(np.float32), name), totals)
        print(f"ml_dtypes {ml_dtypes.__version__} → {name}: {totals[0]:,} casts, {totals[1]:,} differ", flush=True)
        status |= totals[1] > 0
    totals = [0, 0]
    x = operands()
    random = random_words(len(x))
    for i, (name, mode, bits, overflow) in enumerate(gfloat_sets()):
        if name not in formats or not everything and i % 7:
            continue
        y = without_nan(x, name)
        flags = ["--rounding", mode, "--overflow", overflow] + ([] if bits is None else ["--random-bits", str(bits)])
        ours = zeroth.cast(y, "fp32", name, *flags, random=None if bits is None else random)
        report(f"{name} {mode} {bits} {overflow}", y, ours, gfloat_cast(y, name, mode, bits, overflow, random), totals)
    print(f"gfloat {gfloat.__version__ if hasattr(gfloat, '__version__') else ''}: {totals[0]:,} casts, {totals[1]:,} differ")
    return int(status or totals[1] > 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["digests", "check", "full"])
    parser.add_argument("zeroth", nargs="?")
    parser.add_argument("--part", default="0/1", help="i/n: every n-th FP32 code from the i-th on, n a power of two")
    parser.add_argument("--formats", default=",".join(ML))
    parser.add_argument("--every-set", action="store_true", help="all of gfloat's sets instead of one in seven")
    arguments = parser.parse_args()
    if arguments.job == "digests":
        write_digests()
    elif arguments.job == "check":
        sys.exit(check_digests())
    else:
        part = tuple(int(number) for number in arguments.part.split("/"))
        sys.exit(full(arguments.zeroth, part, arguments.formats.split(","), arguments.every_set))


main()
