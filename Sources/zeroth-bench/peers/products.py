"""Integer matrix products of PyTorch: the peer of `zeroth-bench products`.

Usage: products.py FOLDER
Answers each line:
  make M N K            makes A[M, K] and B[N, K], all int8 values, writes FOLDER/a and FOLDER/b and prints 0
  time THREADS REPEATS  does C = A·Bᵀ with torch._int_mm and prints wall and processor seconds of one product
  sums                  writes the last C, int32, to FOLDER/c and prints 0
C is allocated once, before any clock starts.
"""

import importlib.metadata
import sys
import time

import numpy as np
import torch

PINNED = "2.13.0+cpu"


def main():
    folder = sys.argv[1]
    generator = np.random.Generator(np.random.Philox(1))
    version = importlib.metadata.version("torch")
    print("ready torch", version + ("" if version == PINNED else f" (figures in docs/ are of {PINNED})"), flush=True)
    a = b = c = None
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "make":
            m, n, k = map(int, rest)
            a, b = (generator.integers(-128, 128, (rows, k), dtype=np.int8) for rows in (m, n))
            a.tofile(f"{folder}/a")
            b.tofile(f"{folder}/b")
            a, b = torch.from_numpy(a), torch.from_numpy(b).t()
            c = torch.zeros((m, n), dtype=torch.int32)
            print(0, flush=True)
        elif command == "time":
            torch.set_num_threads(int(rest[0]))
            repeats = int(rest[1])
            wall, processor = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                torch._int_mm(a, b, out=c)
            print((time.perf_counter() - wall) / repeats, (time.process_time() - processor) / repeats, flush=True)
        else:
            c.numpy().tofile(f"{folder}/c")
            print(0, flush=True)


if __name__ == "__main__":
    main()
