"""PyTorch's FP32 matrix product on one thread: processor seconds of each run, a line for each shape."""

import sys
import time

import torch

torch.set_num_threads(1)
runs = int(sys.argv[1])
print("torch", torch.__version__)
for shape in sys.argv[2:]:
    m, n, k = (int(size) for size in shape.split("x"))
    a, b = torch.randn(m, k), torch.randn(n, k)
    times = []
    for run in range(runs + 1):
        start = time.thread_time()
        torch.mm(a, b.T)
        if run > 0:
            times.append(time.thread_time() - start)
    print(shape, *times)
