#!/usr/bin/env python3
"""Checks `zeroth quantize` as its users meet it: files in, files out.

    python3 check.py PROGRAM            with numpy alone
    python3 check.py PROGRAM --outside  also against torch, ml_dtypes and gfloat, on more numbers

numpy loads the folders, makes the codes again from docs/semantics.md, section 7, and recomputes the errors that
quantization.json states. Prints how many codes were compared; any difference ends it with an error.
"""

import hashlib
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

f32 = np.float32
BITS = {"int4": 4, "int8": 8, "int16": 16}
compared = {}


def quantize(x, *flags):
    """The manifest, and the arrays by name."""
    np.save(folder / "in.npy", x)
    command = [program, "quantize", str(folder / "in.npy"), str(folder / "out"), "--json", "--overwrite", *flags]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    record = json.loads((folder / "out/quantization.json").read_text())
    assert json.loads(printed) == record
    arrays = {}
    for file in record["files"]:
        path = folder / "out" / file["path"]
        array = np.load(path)
        assert list(array.shape) == file["shape"] and array.dtype == file["dtype"], (flags, file)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        arrays[file["path"].removesuffix(".npy")] = array
    names = {p.name for p in (folder / "out").iterdir()}
    assert names == {f["path"] for f in record["files"]} | {"quantization.json"}, names
    assert hashlib.sha256((folder / "in.npy").read_bytes()).hexdigest() == record["input"]["sha256"]
    return record, arrays


def count(name, found, expected, flags):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (name, flags, found.shape, expected.shape)
    assert (found == expected).all(), (name, flags, int((found != expected).sum()), "differ")
    compared[name] = compared.get(name, 0) + found.size


def spread(values, shape, granularity):
    """One value a group as one an element, in rows × columns."""
    columns = shape[-1] if shape else 1
    rows = math.prod(shape[:-1])
    if granularity == "tensor":
        return np.full((rows, columns), values.reshape(()))
    if granularity == "channel":
        return np.repeat(values.reshape(rows, 1), columns, axis=1)
    size = 32 if granularity == "mx" else int(granularity.split(":")[1])
    return np.repeat(values.reshape(rows, -1), size, axis=1)[:, :columns]


def reduce(function, x, granularity):
    columns = x.shape[-1] if x.shape else 1
    if granularity == "tensor":
        return function(x.ravel())
    if granularity == "channel":
        return np.array([function(row) for row in x.reshape(-1, columns)], f32).reshape(x.shape[:-1])
    size = 32 if granularity == "mx" else int(granularity.split(":")[1])
    groups = [[function(row[i : i + size]) for i in range(0, columns, size)] for row in x.reshape(-1, columns)]
    return np.array(groups, f32).reshape(*x.shape[:-1], -1)


def check_errors(x, values, record, flags):
    difference = x.astype(f32).astype(float) - values.astype(float)
    errors = record["errors"]
    assert errors["elements"] == x.size
    if x.size == 0:
        return
    assert errors["largest"] == np.abs(difference).max(), flags
    rms = math.sqrt((difference**2).mean())
    assert math.isclose(errors["rootMeanSquare"], rms, rel_tol=1e-12), flags
    if rms > 0 and x.any():
        decibels = 10 * math.log10((x.astype(float) ** 2).sum() / (difference**2).sum())
        assert math.isclose(errors["signalToNoiseDecibels"], decibels, rel_tol=1e-9), flags


def integers(x, format, granularity, asymmetric, *flags):
    flags = ["--format", format, "--granularity", granularity, *(["--asymmetric"] if asymmetric else []), *flags]
    record, arrays = quantize(x, *flags)
    x = x.astype(f32)
    low, high = -(2 ** (BITS[format] - 1)), 2 ** (BITS[format] - 1) - 1
    if asymmetric:
        least = reduce(lambda g: min(f32(0), g.min()), x, granularity)
        most = reduce(lambda g: max(f32(0), g.max()), x, granularity)
        span = most - least
        scales = np.where(span < 2.0**-100, f32(1), span / f32(high - low)).astype(f32)
        zeros = np.clip(low - np.rint(least / scales), low, high).astype(int)
        zeros = np.where(span < 2.0**-100, 0, zeros)
        count("numpy, zero points", arrays["zero-points"], zeros, flags)
        factor = (f32(1) / scales).astype(f32)
    else:
        a = reduce(lambda g: np.abs(g).max(), x, granularity)
        small, low = a < 2.0**-100, -high
        scales = np.where(small, f32(1), a / f32(high)).astype(f32)
        factor = np.where(small, f32(1), f32(high) / np.where(small, f32(1), a)).astype(f32)
        zeros = np.zeros(scales.shape, int)
    count("numpy, scales", arrays["scales"], scales, flags)
    z = spread(np.asarray(zeros), x.shape, granularity).reshape(x.shape)
    scaled = (x * spread(np.asarray(factor), x.shape, granularity).reshape(x.shape)).astype(f32)
    codes = np.clip(np.rint(scaled) + z, low, high).astype(int)
    found = arrays["codes"]
    if "--packed" in flags:
        pairs = np.stack([found & 15, found >> 4], axis=-1).reshape(*found.shape[:-1], -1)
        assert (pairs[..., x.shape[-1] :] == 0).all()
        found = pairs[..., : x.shape[-1]].astype(int)
        found = np.where(found > 7, found - 16, found)
    count(f"numpy, codes of {format}", found, codes, flags)
    s = spread(np.asarray(arrays["scales"]), x.shape, granularity).reshape(x.shape)
    check_errors(x, ((codes - z).astype(f32) * s).astype(f32), record, flags)


def with_numpy():
    random = np.random.default_rng(11)
    x = random.standard_t(3, (37, 75)).astype(f32)
    x[3] = 0
    for format in BITS:
        for granularity in ["tensor", "channel", "group:16", "group:75", "group:100", "group:1"]:
            for asymmetric in [False, True]:
                integers(x, format, granularity, asymmetric)
    integers(x, "int4", "group:25", False, "--packed")
    integers(x.astype(np.float16), "int8", "channel", False)
    integers(x.astype(np.float16), "int8", "tensor", True)
    cube = random.normal(0, 1, (2, 3, 4, 21)).astype(f32)
    for granularity in ["tensor", "channel", "group:8"]:
        integers(cube, "int4", granularity, True)
        integers(cube, "int4", granularity, False, "--packed")
    integers(cube[0, 0, 0], "int8", "channel", False)
    integers(np.float32(-3), "int8", "tensor", False)
    for shape in [(0,), (0, 5), (5, 0)]:
        record, arrays = quantize(np.zeros(shape, f32), "--format", "int8", "--granularity", "group:4")
        assert arrays["codes"].shape == shape and record["errors"]["elements"] == 0
    # The words of a file and the seed's own stream: the low 8 bits of each word, the same twice.
    words = random.integers(0, 2**32, x.size, dtype=np.uint32)
    np.save(folder / "words.npy", words)
    flags = ["--format", "int8", "--rounding", "stochastic-a", "--random-bits", "8"]
    _, arrays = quantize(x, *flags, "--random", str(folder / "words.npy"))
    a = np.abs(x).max(axis=1, keepdims=True)
    m = np.abs((x * np.where(a == 0, f32(1), f32(127) / np.where(a == 0, f32(1), a))).astype(f32)).astype(float)
    k = np.floor(m)
    up = np.floor((m - k) * 256) + (words.reshape(x.shape) & 255) >= 256
    count("numpy, stochastic codes", arrays["codes"], np.clip(np.copysign(k + up, x), -127, 127), flags)
    _, first = quantize(x, *flags, "--seed", "5")
    _, again = quantize(x, *flags, "--seed", "5", "--threads", "1")
    _, other = quantize(x, *flags, "--seed", "6")
    assert (first["codes"] == again["codes"]).all() and (first["codes"] != other["codes"]).any()
    # Given scales and zero points.
    scales, zeros = random.uniform(0.01, 0.1, 37).astype(f32), random.integers(-128, 128, 37).astype(np.int8)
    np.save(folder / "s.npy", scales)
    np.save(folder / "z.npy", zeros)
    flags = ["--format", "int8", "--asymmetric"]
    _, arrays = quantize(x, *flags, "--scales", str(folder / "s.npy"), "--zero-points", str(folder / "z.npy"))
    codes = np.rint((x * (f32(1) / scales)[:, None]).astype(f32)) + zeros[:, None]
    count("numpy, codes of given scales", arrays["codes"], np.clip(codes, -128, 127), flags)
    # The search is never worse than the absolute maximum.
    for format in ["int4", "int8", "e4m3", "e2m1"]:
        flags = ["--format", format, "--granularity", "group:32"]
        absmax, _ = quantize(x, *flags)
        mse, _ = quantize(x, *flags, "--scale-rule", "mse")
        assert mse["errors"]["rootMeanSquare"] <= absmax["errors"]["rootMeanSquare"]


def outside():
    import gfloat
    import ml_dtypes
    import torch
    from gfloat import formats as gf

    random = np.random.default_rng(12)
    x = (random.standard_t(3, (512, 1030)) * np.exp2(random.integers(-20, 20, (512, 1)))).astype(f32)
    tensor = torch.from_numpy(x)
    for format in ["int4", "int8"]:
        low, high = -(2 ** (BITS[format] - 1)), 2 ** (BITS[format] - 1) - 1
        flags = ["--format", format, "--asymmetric"]
        record, arrays = quantize(x, *flags)
        observer = torch.ao.quantization.PerChannelMinMaxObserver(
            ch_axis=0, dtype=torch.qint8, qscheme=torch.per_channel_affine, quant_min=low, quant_max=high,
            eps=1e-30)
        observer(tensor)
        scales, zeros = observer.calculate_qparams()
        count("torch, observed scales", arrays["scales"], scales.numpy(), flags)
        count("torch, observed zero points", arrays["zero-points"], zeros.numpy(), flags)
        fake = torch.fake_quantize_per_channel_affine(tensor, scales, zeros.int(), 0, low, high).numpy()
        codes = arrays["codes"].astype(int) - arrays["zero-points"].astype(int)[:, None]
        count(f"torch, fake-quantized {format}", (codes.astype(f32) * arrays["scales"][:, None]).astype(f32), fake, flags)
    elements = {
        "e4m3": (ml_dtypes.float8_e4m3fn, 448, 8), "e5m2": (ml_dtypes.float8_e5m2, 57344, 15),
        "e2m3": (ml_dtypes.float6_e2m3fn, 7.5, 2), "e3m2": (ml_dtypes.float6_e3m2fn, 28, 4),
        "e2m1": (ml_dtypes.float4_e2m1fn, 6, 2), "e3m4": (ml_dtypes.float8_e3m4, 15.5, 3),
        "e4m3ieee": (ml_dtypes.float8_e4m3, 240, 7),
    }
    for format, (dtype, largest, emax) in elements.items():
        flags = ["--format", format, "--granularity", "mx"]
        _, arrays = quantize(x, *flags)
        a = reduce(lambda g: np.abs(g).max(), x, "mx")
        exponents = np.clip(np.frexp(a)[1] - 1 - emax, -127, 127)
        exponents = np.where(a == 0, -127, exponents)
        count("ml_dtypes, MX scales", arrays["scales"], exponents + 127, flags)
        s = spread(np.exp2(exponents.astype(float)), x.shape, "mx")
        codes = np.clip(x / s, -largest, largest).astype(f32).astype(dtype).view(np.uint8)
        count("ml_dtypes, MX codes", arrays["codes"], codes, flags)
        flags = ["--format", format, "--granularity", "channel"]
        _, arrays = quantize(x, *flags)
        a = np.abs(x).max(axis=1, keepdims=True)
        codes = np.clip((x * (f32(largest) / a)).astype(f32), -f32(largest), f32(largest)).astype(dtype).view(np.uint8)
        count("ml_dtypes, codes per channel", arrays["codes"], codes, flags)
    blocks = {
        "e4m3": gf.format_info_mxfp8_e4m3, "e5m2": gf.format_info_mxfp8_e5m2, "e2m3": gf.format_info_mxfp6_e2m3,
        "e3m2": gf.format_info_mxfp6_e3m2, "e2m1": gf.format_info_mxfp4_e2m1, "int8": gf.format_info_mxint8,
    }
    y = x[::40, :320]
    for format, info in blocks.items():
        flags = ["--format", format, "--granularity", "mx"]
        _, arrays = quantize(y, *flags)
        for group, codes, scale in zip(
            y.reshape(-1, 32).astype(float), arrays["codes"].reshape(-1, 32), arrays["scales"].ravel()):
            expected = gfloat.block.compute_scale_amax(info.etype.emax, group)
            encoded = list(gfloat.encode_block(info, expected, group / expected))
            if format == "int8":
                encoded = encoded[:1] + [max(c - 256 if c > 127 else c, -127) for c in encoded[1:]]
            count("gfloat, MX blocks", [scale, *codes], encoded, flags)


program = sys.argv[1]
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    with_numpy()
    if "--outside" in sys.argv[2:]:
        outside()
for name in sorted(compared):
    print(f"{name}: {compared[name]} equal")
