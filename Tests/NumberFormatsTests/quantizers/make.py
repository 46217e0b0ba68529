#!/usr/bin/env python3
"""Makes goldens.json: codes and scales of quantizers by programs that are not Zeroth.

    python3 make.py            write goldens.json
    python3 make.py --check    make everything again and compare with goldens.json

Needs numpy 2.2.6, ml_dtypes 0.6.0, gfloat 0.5.2 and torch 2.13.0 (CPU). Each case says who made it:

    torch       quantize_per_channel, fake_quantize_per_channel_affine, PerChannelMinMaxObserver
    ml_dtypes   the cast of a floating-point code
    gfloat      MX blocks (compute_scale_amax, encode_block, decode_block); stochastic rounding (StochasticFastest)
    numpy       integers, power-of-two scales and the search, from docs/semantics.md, sections 7.1 to 7.5
"""

import json
import pathlib
import sys

import gfloat
import ml_dtypes
import numpy as np
import torch
from gfloat import formats as gf

ROWS, COLUMNS = 8, 75
GRANULARITIES = {"int4": ["tensor", "channel", "group:32", "group:1"], "int8": ["tensor", "channel", "group:32"], "int16": ["channel"]}
BITS = {"int4": 4, "int8": 8, "int16": 16}
FLOATS = {
    "e4m3": (ml_dtypes.float8_e4m3fn, 448), "e5m2": (ml_dtypes.float8_e5m2, 57344),
    "e3m4": (ml_dtypes.float8_e3m4, 15.5), "e4m3ieee": (ml_dtypes.float8_e4m3, 240),
    "e2m1": (ml_dtypes.float4_e2m1fn, 6), "e2m3": (ml_dtypes.float6_e2m3fn, 7.5),
    "e3m2": (ml_dtypes.float6_e3m2fn, 28),
}
BLOCKS = {
    "e4m3": gf.format_info_mxfp8_e4m3, "e5m2": gf.format_info_mxfp8_e5m2, "e2m3": gf.format_info_mxfp6_e2m3,
    "e3m2": gf.format_info_mxfp6_e3m2, "e2m1": gf.format_info_mxfp4_e2m1, "int8": gf.format_info_mxint8,
}
OCP = {
    "e4m3": gf.format_info_ocp_e4m3, "e5m2": gf.format_info_ocp_e5m2, "e2m1": gf.format_info_ocp_e2m1,
    "e2m3": gf.format_info_ocp_e2m3, "e3m2": gf.format_info_ocp_e3m2,
}
f32 = np.float32


def numbers():
    random = np.random.default_rng(3)
    x = np.empty((ROWS, COLUMNS), f32)
    x[0] = random.normal(0, 0.05, COLUMNS)
    x[1] = random.standard_t(2, COLUMNS)
    x[2] = np.where(np.arange(COLUMNS) < 40, 0, random.normal(0, 1e-3, COLUMNS))
    x[3] = np.exp2(random.uniform(-30, 10, COLUMNS)) * random.choice([-1, 1], COLUMNS)
    x[4] = random.integers(-20, 21, COLUMNS) * 0.5  # the greatest is 127: scale 1 for INT8, and ties
    x[4, 33] = 127
    x[5] = random.uniform(3, 7, COLUMNS)
    x[6] = -1e-40 * random.uniform(0, 1, COLUMNS)  # subnormal: counts as zeros, but for blocks
    x[7] = random.normal(0, 1e30, COLUMNS)
    x[0, 5] = -0.0
    return x


def groups(granularity):
    """Slices of the flattened array, one a group."""
    if granularity == "tensor":
        return [slice(0, ROWS * COLUMNS)]
    size = {"channel": COLUMNS, "mx": 32}.get(granularity) or int(granularity.split(":")[1])
    return [
        slice(row * COLUMNS + start, row * COLUMNS + min(start + size, COLUMNS))
        for row in range(ROWS) for start in range(0, COLUMNS, size)
    ]


def largest(format):
    return f32(2 ** (BITS[format] - 1) - 1) if format in BITS else f32(FLOATS[format][1])


def float_codes(scaled, format):
    dtype, limit = FLOATS[format]
    return np.clip(scaled, -f32(limit), f32(limit)).astype(dtype).view(np.uint8).astype(int)


def float_values(codes, format):
    return codes.astype(np.uint8).view(FLOATS[format][0]).astype(f32)


def symmetric(x, format, factor):
    if factor == 0:  # a group of zeros, or of numbers so small that they count as zeros
        return np.zeros(len(x), int)
    scaled = (x * factor).astype(f32)
    if format in FLOATS:
        return float_codes(scaled, format)
    return np.clip(np.rint(scaled), -largest(format), largest(format)).astype(int)


def dequantized(codes, format, scale, zero=0):
    values = float_values(codes, format) if format in FLOATS else (codes - zero).astype(f32)
    return (values * f32(scale)).astype(f32)


def absmax(group, format, share=1.0):
    a = f32(np.abs(group).max()) * f32(share)
    if a < f32(2.0**-100):
        return f32(1), f32(0)
    return a / largest(format), largest(format) / a


def tree(squares):
    """Section 3 in binary64."""
    padded = np.zeros(-(-len(squares) // 16) * 16)
    padded[: len(squares)] = squares
    p = np.zeros(16)
    for row in padded.reshape(-1, 16):
        p = p + row
    for h in (8, 4, 2, 1):
        p = p[:h] + p[h : 2 * h]
    return p[0]


def case(made_by, format, granularity, codes, scales, *, scheme="symmetric", rule="absmax", given=False, zeros=None,
         bits=None, values=None):
    entry = {
        "by": made_by, "format": format, "scheme": scheme, "granularity": granularity, "rule": rule, "given": given,
        "codes": [int(c) for c in codes], "scales": [int(s) for s in np.asarray(scales, f32).view(np.uint32)],
    }
    if zeros is not None:
        entry["zeros"] = [int(z) for z in zeros]
    if bits is not None:
        entry["bits"] = bits
    if values is not None:
        entry["values"] = [int(v) for v in np.asarray(values, f32).view(np.uint32)]
    return entry


def by_group(x, format, granularity, parameters):
    codes, scales = np.zeros(x.size, int), []
    for place in groups(granularity):
        scale, factor = parameters(x[place])
        scales.append(scale)
        codes[place] = symmetric(x[place], format, factor)
    return codes, scales


def search(group, format):
    best, least = absmax(group, format), None
    for candidate in [64, *range(63, 0, -1), *range(65, 81)]:
        scale, factor = absmax(group, format, candidate / 64)
        codes = symmetric(group, format, factor)
        error = tree((group.astype(float) - dequantized(codes, format, scale).astype(float)) ** 2)
        if least is None or error < least:
            best, least = (scale, factor), error
    return best


def power_of_two(group, format):
    a, m = f32(np.abs(group).max()), largest(format)
    if a < f32(2.0**-100):
        return f32(1), f32(0)
    (fa, ea), (fm, em) = np.frexp(a), np.frexp(m)
    exponent = int(ea) - int(em) + (1 if fa > fm else 0)
    return f32(2.0**exponent), f32(2.0**-exponent)


def block(x, format):
    info, codes, scales, values = BLOCKS[format], [], [], []
    for place in groups("mx"):
        group = x[place].astype(np.float64)
        scale = gfloat.block.compute_scale_amax(info.etype.emax, group)
        encoded = list(gfloat.encode_block(info, scale, group / scale))
        if format == "int8":
            # Zeroth leaves −128 unused, as microxcaling does.
            encoded = [encoded[0]] + [max(c - 256 if c > 127 else c, -127) for c in encoded[1:]]
            values += [scale * c / 64 for c in encoded[1:]]
        else:
            values += list(gfloat.decode_block(info, encoded))
        codes += encoded[1:]
        scales.append(scale)
    return case("gfloat", format, "mx", codes, scales, values=np.array(values, f32))


def word(place):
    w = (place * 0x9E3779B1) & 0xFFFFFFFF
    return w ^ (w >> 15)


def stochastic(x, format, bits):
    random = np.array([word(e) & ((1 << bits) - 1) for e in range(x.size)], np.uint64)
    codes, scales = np.zeros(x.size, int), []
    for place in groups("channel"):
        scale, factor = absmax(x[place], format)
        scaled = (x[place] * factor).astype(f32)
        scales.append(scale)
        if factor == 0:
            continue
        if format in FLOATS:
            rounded = gfloat.round_ndarray(
                OCP[format], scaled.astype(np.float64), gfloat.RoundMode.StochasticFastest, True,
                random[place].astype(np.int64), bits)
            codes[place] = gfloat.encode_ndarray(OCP[format], rounded)
        else:
            m = np.abs(scaled.astype(np.float64))
            k = np.floor(m)
            up = np.floor((m - k) * 2.0**bits) + random[place] >= 2.0**bits
            codes[place] = np.clip(np.copysign(k + up, scaled), -largest(format), largest(format))
    return case("gfloat" if format in FLOATS else "numpy", format, "channel", codes, scales, bits=bits)


def torch_given(x, format):
    """Given scales and zero points: quantize_per_channel for eight bits, fake_quantize for both."""
    low, high = -(2 ** (BITS[format] - 1)), 2 ** (BITS[format] - 1) - 1
    random = np.random.default_rng(5)
    scales = (np.abs(x.reshape(ROWS, COLUMNS)).max(axis=1) * random.uniform(0.2, 1.5, ROWS) / high).astype(f32)
    scales = np.clip(scales, 1e-20, None).astype(f32)
    zeros = random.integers(low, high + 1, ROWS)
    tensor = torch.from_numpy(x.reshape(ROWS, COLUMNS))
    fake = torch.fake_quantize_per_channel_affine(
        tensor, torch.from_numpy(scales), torch.from_numpy(zeros.astype(np.int32)), 0, low, high).numpy()
    codes = np.rint(fake / scales[:, None]).astype(int) + zeros[:, None]
    if format == "int8":
        exact = torch.quantize_per_channel(
            tensor, torch.from_numpy(scales.astype(np.float64)), torch.from_numpy(zeros), 0, torch.qint8)
        assert (exact.int_repr().numpy() == codes).all()
    return case("torch", format, "channel", codes.ravel(), scales, scheme="asymmetric", given=True, zeros=zeros,
                values=fake.ravel())


def torch_observed(x, format):
    """Scales and zero points that PyTorch's observer derives; its floor on scales (2^-23 here) is out of reach."""
    low, high = -(2 ** (BITS[format] - 1)), 2 ** (BITS[format] - 1) - 1
    rows = [0, 1, 2, 3, 4, 5, 7]
    tensor = torch.from_numpy(x.reshape(ROWS, COLUMNS)[rows])
    observer = torch.ao.quantization.PerChannelMinMaxObserver(
        ch_axis=0, dtype=torch.qint8, qscheme=torch.per_channel_affine, quant_min=low, quant_max=high)
    observer(tensor)
    scales, zeros = observer.calculate_qparams()
    fake = torch.fake_quantize_per_channel_affine(tensor, scales, zeros.int(), 0, low, high).numpy()
    codes = np.rint(fake / scales.numpy()[:, None]).astype(int) + zeros.numpy()[:, None]
    # The row of zeros is Zeroth's own: scale 1, zero point 0, codes 0.
    full = np.zeros((ROWS, COLUMNS), int)
    full[rows] = codes
    values = np.zeros((ROWS, COLUMNS), f32)
    values[rows] = fake
    all_scales, all_zeros = np.ones(ROWS, f32), np.zeros(ROWS, int)
    all_scales[rows], all_zeros[rows] = scales.numpy(), zeros.numpy()
    return case("torch", format, "channel", full.ravel(), all_scales, scheme="asymmetric", zeros=all_zeros,
                values=values.ravel())


def goldens():
    x = numbers().ravel()
    cases = []
    for format in ["int4", "int8", "int16", *FLOATS]:
        by = "ml_dtypes" if format in FLOATS else "numpy"
        for granularity in GRANULARITIES.get(format, ["channel", "group:16"]):
            cases.append(case(by, format, granularity, *by_group(x, format, granularity, lambda g: absmax(g, format))))
        cases.append(case(by, format, "group:25", *by_group(x, format, "group:25", lambda g: power_of_two(g, format)),
                          rule="power-of-two"))
    for format in ["int4", "int8", "e4m3", "e2m1"]:
        cases.append(case("numpy", format, "group:48", *by_group(x, format, "group:48", lambda g: search(g, format)),
                          rule="mse"))
    cases += [block(x, format) for format in BLOCKS]
    for format, bits in [("int4", 1), ("int8", 8), ("int8", 32), ("e4m3", 4), ("e5m2", 16), ("e2m1", 8), ("e3m2", 12)]:
        cases.append(stochastic(x, format, bits))
    for format in ["int4", "int8"]:
        cases += [torch_given(x, format), torch_observed(x, format)]
    return {"rows": ROWS, "columns": COLUMNS, "x": [int(v) for v in x.view(np.uint32)], "cases": cases}


def main():
    path = pathlib.Path(__file__).with_name("goldens.json")
    made = goldens()
    lines = ["{", f' "rows": {made["rows"]}, "columns": {made["columns"]},', f' "x": {json.dumps(made["x"], separators=(",", ":"))},']
    lines.append(' "cases": [')
    lines.append(",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in made["cases"]))
    text = "\n".join(lines) + "\n ]\n}\n"
    if "--check" in sys.argv[1:]:
        if path.read_text() != text:
            sys.exit(f"{path}: differs from what the programs make now")
        print(f"{path}: {len(made['cases'])} cases, as made")
    else:
        path.write_text(text)
        print(f"{path}: {len(made['cases'])} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
