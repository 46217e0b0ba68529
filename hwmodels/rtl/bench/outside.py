"""Vectors that Zeroth did not make: rows of cvfpu, MX-for-FPGA and TestFloat (docs/validation.md says where they come from), written as vector files.

A misunderstanding that emulator and RTL share would pass `zeroth vectors`; it would not pass these.
"""

import gzip
import os

from bench.units import unit

PINS = {"e4m3": 0, "FP8_E5M2": 1, "e5m2": 1, "FP8_E4M3IEEE": 3, "BF16": 7, "FP16": 8, "FP32": 9}
MODES = {"RNE": 0, "RMM": 1, "RTZ": 2, "RDN": 3, "RUP": 4, "ROD": 5}
BITS = {"FP8_E5M2": 8, "FP8_E4M3IEEE": 8, "BF16": 16, "FP16": 16, "FP32": 32}
ONE = {"FP8_E5M2": 0x3C, "FP8_E4M3IEEE": 0x38}
SMALLEST_NORMAL = {"FP8_E5M2": 0x04, "FP8_E4M3IEEE": 0x08, "BF16": 0x0080, "FP16": 0x0400, "FP32": 0x00800000}

UNITS = {
    "cvfpu sums, products, fma": unit("outside_fma", "outside", "fp8_fma", icarus=False),
    "cvfpu conversions": unit("outside_convert", "outside", "convert_chain", icarus=False),
    "cvfpu stochastic dot products": unit("outside_stochastic", "outside", "stochastic_chain", icarus=False),
    "MX-for-FPGA dot products": unit("outside_dot32", "outside", "mac_exact", parameters={"LANES": 32}, icarus=False),
    "TestFloat f32 add": unit("outside_add", "outside", "fp32_adder", icarus=False),
    "TestFloat f32 mul": unit("outside_mul", "outside", "fp32_multiplier", icarus=False),
    "TestFloat f32, bf16, f16": unit("outside_cast", "outside", "convert_chain", icarus=False),
    "TestFloat i32 to f32": unit("outside_i32", "outside", "int32_to_fp32", icarus=False),
}


def rows(folder, name, separator, header):
    with gzip.open(os.path.join(folder, name), "rt") as file:
        for number, text in enumerate(file):
            if number >= header:
                yield text.strip().split(separator)


def joined(*fields):
    return "_".join(f"{value:0{(bits + 3) // 4}x}" for value, bits in fields)


def flags(text, result, format):
    """cvfpu raises no underflow where a number is rounded up to the smallest normal one; IEEE 754 does (docs/validation.md). There the flags are left open."""
    inexact = int(text, 16) & 1
    sign = 1 << BITS[format] - 1
    return "_xx" if inexact and result & ~sign == SMALLEST_NORMAL[format] else f"_{int(text, 16):02x}"


def outside_fma(folder):
    yield "// in a:8 b:8 format:4 c:32 c_format:4 result_format:4 rounding:4", "// out result:32 flags:5"
    for operation, source, target, mode, a, b, c, result, raised in rows(folder, "fp8_fma_rtl.csv.gz", ",", 1):
        a, b, c = (int(text, 16) if text else 0 for text in (a, b, c))
        c_format = target
        if operation == "ADD":
            a, c_format = ONE[source], source          # cvfpu adds its second and third operands: 1 * b + c
        elif operation == "MUL":
            c = (a ^ b) & 0x80                         # a zero of the product's sign changes nothing
            c_format = source
        code = int(result, 16)
        yield joined((a, 8), (b, 8), (PINS[source], 4), (c, 32), (PINS[c_format], 4), (PINS[target], 4), (MODES[mode], 4),
                     (code, 32)) + flags(raised, code, target)


def outside_convert(folder):
    yield "// in code:32 from_format:4 to_format:4 rounding:4", "// out result:32 flags:5"
    for _, source, target, mode, a, _, _, result, raised in rows(folder, "float_cast_rtl.csv.gz", ",", 1):
        code = int(result, 16)
        yield joined((int(a, 16), 32), (PINS[source], 4), (PINS[target], 4), (MODES[mode], 4), (code, 32)) + flags(raised, code, target)


def outside_stochastic(folder):
    """BF16 products are no concern of these units; FP8 sources are."""
    yield "// in a:8 b:8 c:8 d:8 format:4 e:32 result_format:4 lfsr:32", "// out result:32"
    for source, target, *codes in rows(folder, "stochastic_rounding_rtl.csv.gz", ",", 1):
        if source in ONE:
            a, b, c, d, e, lfsr, _, result = (int(text, 16) for text in codes)
            yield joined((a, 8), (b, 8), (c, 8), (d, 8), (PINS[source], 4), (e, 32), (PINS[target], 4), (lfsr, 32), (result, 32))


def outside_dot32(folder):
    """The rows count in units of 2^-18 for E4M3 and 2^-32 for E5M2, and take the special codes for numbers; such rows are left out."""
    yield "// in a:256 b:256 a_format:4 b_format:4 settings:8 c:88", "// out sum:88"
    for name, shift, special in (("e4m3", 14, lambda x: x & 0x7F == 0x7F), ("e5m2", 0, lambda x: x & 0x7C == 0x7C)):
        for a, b, dot in rows(folder, f"fp8_dot32_{name}_rtl.csv.gz", ",", 1):
            if any(special(x) for x in bytes.fromhex(a) + bytes.fromhex(b)):
                continue
            value = int(dot, 16)
            value -= (value >> 4 * len(dot) - 1) << 4 * len(dot)
            yield joined((int(a, 16), 256), (int(b, 16), 256), (PINS[name], 4), (PINS[name], 4), (0, 8), (0, 88),
                         ((value << shift) & (1 << 84) - 1, 88))


def canonical(result):
    """TestFloat keeps a NaN's payload; ours is one."""
    return 0x7FC00000 if result & 0x7FFFFFFF > 0x7F800000 else result


def outside_arithmetic(folder, operation):
    yield "// in a:32 b:32 rounding:4", "// out result:32 flags:5"
    for row in rows(folder, f"testfloat_f32_{operation}.txt.gz", " ", 0):
        a, b, result, raised = (int(text, 16) for text in row)
        yield joined((a, 32), (b, 32), (0, 4), (canonical(result), 32), (raised, 5))


def outside_cast(folder):
    yield "// in code:32 from_format:4 to_format:4 rounding:4", "// out result:32 flags:5"
    for name, source, target, nan in (("bf16_to_f32", "BF16", "FP32", 0x7FC00000), ("f32_to_bf16", "FP32", "BF16", 0x7FC0),
                                      ("f32_to_f16", "FP32", "FP16", 0x7E00)):
        infinity = {"FP32": 0x7F800000, "BF16": 0x7F80, "FP16": 0x7C00}[target]
        for row in rows(folder, f"testfloat_{name}.txt.gz", " ", 0):
            a, result, raised = (int(text, 16) for text in row)
            if result & (1 << BITS[target] - 1) - 1 > infinity:
                result = nan
            yield joined((a, 32), (PINS[source], 4), (PINS[target], 4), (0, 4), (result, 32), (raised, 5))


def outside_i32(folder):
    yield "// in a:32", "// out result:32"
    for row in rows(folder, "testfloat_i32_to_f32.txt.gz", " ", 0):
        yield joined((int(row[0], 16), 32), (int(row[1], 16), 32))


MAKERS = {
    "outside_fma": outside_fma, "outside_convert": outside_convert, "outside_stochastic": outside_stochastic, "outside_dot32": outside_dot32,
    "outside_add": lambda folder: outside_arithmetic(folder, "add"), "outside_mul": lambda folder: outside_arithmetic(folder, "mul"),
    "outside_cast": outside_cast, "outside_i32": outside_i32,
}


def write(name, folder, path):
    """Writes a set of rows as a vector file."""
    lines = MAKERS[name](folder)
    with open(path, "w") as file:
        file.write(f"// unit {name}\n// timing combinational\n" + "\n".join(next(lines)) + "\n")
        for text in lines:
            file.write(text + "\n")
