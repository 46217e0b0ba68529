"""Multiplies the operands of a trace's .npy files and holds the sums against its own; prints how many tiles."""
import glob
import sys

import numpy as np

tiles = 0
for path in sorted(glob.glob(sys.argv[1] + "/*.i.a.npy")):
    stem = path[: -len(".i.a.npy")]
    a, b = (np.load(f"{stem}.i.{name}.npy").astype(np.int64) for name in "ab")
    sums = np.einsum("imk,ink->imn", a, b)
    before = glob.glob(stem + ".i.acc.npy")
    if before:
        sums += np.load(before[0])
    assert np.array_equal(sums, np.load(stem + ".o.acc.npy")), stem
    tiles += 1
print(tiles, "tiles")
