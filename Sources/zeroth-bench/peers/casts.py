"""Casts, stochastic rounding and normal numbers of PyTorch, ml_dtypes and NumPy on one thread: the peer of `zeroth-bench casts`.

Usage: casts.py FOLDER ELEMENTS
Writes FOLDER/normal.f32 (standard normal) and FOLDER/wide.f32 (normal times 2^-24 ... 2^24), ELEMENTS numbers each, then answers each line:
  time WORK PEER DATA BLOCK   does WORK over all elements in blocks of BLOCK and prints processor seconds; the blocks are one and the same
                              if there are several, so that they stay in the caches
  codes FORMAT PEER DATA      writes the codes to FOLDER/codes and prints 0
Outputs are allocated once, before any clock starts. WORK is a format, `decode` (from E4M3), `int8` (stochastic rounding) or `gauss`.
"""

import importlib.metadata
import sys
import time

import ml_dtypes
import numpy as np
import torch

PINNED = {"torch": "2.13.0+cpu", "ml_dtypes": "0.6.0", "numpy": "2.2.6"}
TORCH = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2, "bf16": torch.bfloat16, "fp16": torch.float16}
NUMPY = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}


def main():
    folder, elements = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(1)
    generator = np.random.Generator(np.random.Philox(1))
    data = {"normal": generator.standard_normal(elements, dtype=np.float32)}
    data["wide"] = np.ldexp(
        generator.standard_normal(elements, dtype=np.float32), generator.integers(-24, 25, elements, dtype=np.int32)
    )
    for name, x in data.items():
        x.tofile(f"{folder}/{name}.f32")
    tensors = {name: torch.from_numpy(x) for name, x in data.items()}

    def empty(count, dtype):
        """Memory of NumPy's, which asks for large pages, written once."""
        array = np.empty(count, dtype)
        array.view(np.uint8)[:] = 0
        return array

    floats = empty(elements, np.float32)
    small = empty(2 * elements, np.uint8)
    versions = {name: importlib.metadata.version(name) for name in PINNED}
    print(
        "ready",
        ", ".join(
            f"{name} {version}" + ("" if version == PINNED[name] else f" (figures in docs/ are of {PINNED[name]})")
            for name, version in versions.items()
        ),
        flush=True,
    )

    def work(kind, peer, name, block):
        """A function that does the work on one block."""
        x, tensor = data[name][:block], tensors[name][:block]
        if kind == "gauss":
            if peer == "numpy":
                return lambda: generator.standard_normal(block, dtype=np.float32, out=floats[:block])
            out = torch.from_numpy(floats[:block])
            return lambda: out.normal_()
        if kind == "int8":
            codes, values = torch.from_numpy(small[:block]).view(torch.int8), torch.from_numpy(floats[:block])

            def rounded():
                values.uniform_()
                values.add_(tensor, alpha=40.0).floor_().clamp_(-127, 127)
                codes.copy_(values)

            return rounded
        if kind == "decode":
            codes = torch.from_numpy(small[:block]).view(TORCH["e4m3"]).copy_(tensor)
            values = torch.from_numpy(floats[:block])
            return lambda: values.copy_(codes)
        if peer == "torch":
            out = torch.from_numpy(small[: block * TORCH[kind].itemsize]).view(TORCH[kind])
            return lambda: out.copy_(tensor)
        out = small[: block * np.dtype(NUMPY[kind]).itemsize].view(NUMPY[kind])
        return lambda: np.copyto(out, x, casting="unsafe")

    np.seterr(all="ignore")
    for line in sys.stdin:
        command, kind, peer, name, *rest = line.split()
        if command == "codes":
            if peer == "torch":
                codes = tensors[name].to(TORCH[kind])
                codes = codes.view(torch.uint8 if codes.itemsize == 1 else torch.int16).numpy()
            else:
                codes = data[name].astype(NUMPY[kind])
            codes.tofile(f"{folder}/codes")
            print(0, flush=True)
            continue
        block = int(rest[0])
        run = work(kind, peer, name, block)
        run()
        start = time.process_time()
        for _ in range(elements // block):
            run()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
