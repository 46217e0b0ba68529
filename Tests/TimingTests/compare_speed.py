#!/usr/bin/env python3
"""Costs one matrix product with SCALE-Sim, ZigZag and Zeroth in one run, and prints points a second of processor time and their ratio.

    python3 -m venv sim && sim/bin/pip install scalesim==3.0.0 numpy==2.2.6
    python3 -m venv zig && zig/bin/pip install zigzag-dse==3.9.1 six
    python3 Tests/TimingTests/compare_speed.py .build/release/zeroth --scalesim sim/bin/python --zigzag zig/bin/python --rounds 3

A point is one product on one machine: a 32 x 32 array. The simulators are timed inside Python, so that neither the start of Python nor
imports count; Zeroth is timed as a whole process, its start included, and once more over a file of products of about the same size, none
like another, in one process. Rounds take turns. The three model different machines, and give different answers: this compares speed alone.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def timed(body):
    """Wall and processor seconds of a call in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    body()
    return time.perf_counter() - wall, time.process_time() - cpu


def scalesim_point(product):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import run_scalesim
    case = {"rows": 32, "columns": 32, "product": product, "dataflow": "ws", "ifmap": 512, "filter": 256, "ofmap": 256}
    with tempfile.TemporaryDirectory() as folder:
        # What a first run loads and compiles does not count.
        run_scalesim.simulate({**case, "product": [4, 4, 4]}, folder)
        result = {}
        seconds = timed(lambda: result.update(run_scalesim.simulate(case, folder)))
    return {"seconds": seconds, "cycles": result["compute_cycles"]}


def zigzag_point(product):
    import contextlib
    import logging
    import zigzag
    from zigzag.api import get_hardware_performance_zigzag
    logging.disable(logging.CRITICAL)
    inputs = os.path.join(os.path.dirname(zigzag.__file__), "inputs")
    m, k, n = product
    with tempfile.TemporaryDirectory() as folder:
        workload = os.path.join(folder, "gemm.yaml")
        with open(workload, "w") as file:
            file.write(f"""- id: 0
  name: product
  operator_type: Gemm
  equation: O[b][k]+=I[b][c]*W[c][k]
  loop_dims: [B, C, K]
  loop_sizes: [{m}, {k}, {n}]
  operand_precision: {{W: 8, I: 8, O: 16, O_final: 8}}
  operand_source: {{W: 0, I: 0}}
""")
        result = {}

        def run():
            energy, latency, _ = get_hardware_performance_zigzag(
                workload, os.path.join(inputs, "hardware", "tpu_like.yaml"), os.path.join(inputs, "mapping", "tpu_like.yaml"),
                opt="latency", dump_folder=os.path.join(folder, "out"), loma_show_progress_bar=False)
            result["cycles"] = latency

        with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            seconds = timed(run)
    return {"seconds": seconds, "cycles": result["cycles"]}


def process(command):
    """Wall and processor seconds of a program, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime), text


def peer(python, name, product):
    _, text = process([python, os.path.abspath(__file__), "--point", name, "--gemm", ",".join(map(str, product))])
    return json.loads(text.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zeroth", nargs="?")
    parser.add_argument("--scalesim", help="a Python that has scalesim")
    parser.add_argument("--zigzag", help="a Python that has zigzag-dse")
    parser.add_argument("--gemm", default="64,768,768", help="M,K,N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--products", type=int, default=200, help="products of the file")
    parser.add_argument("--point", choices=["scalesim", "zigzag"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    product = [int(part) for part in arguments.gemm.split(",")]
    if arguments.point:
        print(json.dumps({"scalesim": scalesim_point, "zigzag": zigzag_point}[arguments.point](product)))
        return
    if not arguments.zeroth:
        parser.error("name the program")
    zeroth = os.path.abspath(arguments.zeroth)
    machine = ["--hardware", "edge-int8", "--json"]
    times = {"zeroth, a process a point": [], "zeroth, one process": []}
    with tempfile.TemporaryDirectory() as folder:
        topology = os.path.join(folder, "products.csv")
        m, k, n = product
        with open(topology, "w") as file:
            file.write("Layer,M,N,K,\n")
            for index in range(arguments.products):
                file.write(f"p{index},{m + index % 8},{n + index // 8},{k - index % 5},\n")
        for _ in range(arguments.rounds):
            for name, python in [("scalesim", arguments.scalesim), ("zigzag", arguments.zigzag)]:
                if python:
                    said = peer(python, name, product)
                    times.setdefault(name, []).append(said["seconds"])
                    print(f"{name}: {said['seconds'][1]:.3f} s of processor time, {said['cycles']} cycles", flush=True)
            seconds, text = process([zeroth, "cost", "--gemm", arguments.gemm, *machine])
            times["zeroth, a process a point"].append(seconds)
            print(f"zeroth: {seconds[1]:.4f} s of processor time, {json.loads(text)['total']['cycles']} cycles", flush=True)
            seconds, _ = process([zeroth, "cost", "--topology", topology, *machine])
            times["zeroth, one process"].append(tuple(value / arguments.products for value in seconds))
    print(f"\n{'':28}{'points/s, processor':>20}{'least … most':>24}{'points/s, wall':>16}")
    rates = {}
    for name, values in times.items():
        cpu = [1 / value[1] for value in values]
        rates[name] = statistics.median(cpu)
        wall = statistics.median(1 / value[0] for value in values)
        print(f"{name:28}{rates[name]:20.4g}{min(cpu):12.4g} … {max(cpu):9.4g}{wall:16.4g}")
    for name in ("scalesim", "zigzag"):
        if name in rates:
            for own in ("zeroth, a process a point", "zeroth, one process"):
                print(f"{own} / {name}: {rates[own] / rates[name]:.0f}")


if __name__ == "__main__":
    main()
