#!/usr/bin/env python3
"""Makes the table of attacks in docs/validation.md: each method's noise and step chosen in equally many trials on some images, then run on others with five seeds.

    docs/attacks.py --data FOLDER [--zeroth FILE] [--jobs N]

FOLDER has Fashion-MNIST's four files, unpacked (Debian: dataset-fashion-mnist)."""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", required=True)
parser.add_argument("--zeroth", default=".build/release/zeroth")
parser.add_argument("--jobs", type=int, default=2)
parser.add_argument("--epsilon", default="0.1")
parser.add_argument("--queries", default="2000")
options = parser.parse_args()


def files(name):
    return ["--images", os.path.join(options.data, name + "-images-idx3-ubyte"), "--labels", os.path.join(options.data, name + "-labels-idx1-ubyte")]


METHODS = {
    "ZOQO, 8 bits": ["--method", "zoqo", "--bits", "8"],
    "ZOQO, 6 bits": ["--method", "zoqo", "--bits", "6"],
    "ZOQO, 4 bits": ["--method", "zoqo", "--bits", "4"],
    "ZO-SignSGD, FP32": ["--method", "zo-signsgd"],
}
TRIALS = list(itertools.product(["0.25", "0.5", "1"], ["0.02", "0.05", "0.1", "0.2"]))

with tempfile.TemporaryDirectory() as work:
    classifier = os.path.join(work, "classifier.safetensors")
    subprocess.run([options.zeroth, "attack", "train", *files("train"), "--output", classifier], check=True, stderr=subprocess.DEVNULL)

    def attack(method, precision, size, step, first, count, seed):
        command = [options.zeroth, "attack", "run", "--classifier", classifier, *files("t10k"), *METHODS[method], "--precision", precision,
                   "--size", size, "--step", step, "--first", str(first), "--count", str(count), "--seed", str(seed),
                   "--epsilon", options.epsilon, "--queries", options.queries, "--threads", "1", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    print(f"ε {options.epsilon}, {options.queries} queries; {len(TRIALS)} trials a method on 100 images, then 200 others, five seeds\n")
    print("| attack | classifier | size, step (of ε) | broken, % | queries, median of those |\n|---|---|---|---|---|")
    with ThreadPoolExecutor(options.jobs) as pool:
        for precision in ["fp32", "w8a8"]:
            for method in METHODS:
                # The most broken images; of equals the fewest queries.
                found = list(pool.map(lambda trial: attack(method, precision, *trial, 0, 100, 11), TRIALS))
                best = min(range(len(TRIALS)), key=lambda place: (-found[place]["succeeded"], found[place]["meanQueries"]))
                size, step = TRIALS[best]
                rows = list(pool.map(lambda seed: attack(method, precision, size, step, 5000, 200, seed), range(1, 6)))
                rates = [100 * row["successRate"] for row in rows]
                medians = [row["medianQueries"] for row in rows]
                print(f"| {method} | {precision} | {size}, {step} | {statistics.mean(rates):.1f} ± {statistics.stdev(rates):.1f} | "
                      f"{statistics.mean(medians):.0f} ± {statistics.stdev(medians):.0f} |", flush=True)
