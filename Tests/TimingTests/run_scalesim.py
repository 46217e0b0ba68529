#!/usr/bin/env python3
"""Runs SCALE-Sim on random matrix products and holds `zeroth cost --oracle scale-sim` equal to what it reports.

    python3 -m venv sim && sim/bin/pip install scalesim==3.0.0 numpy==2.2.6
    sim/bin/python Tests/TimingTests/run_scalesim.py .build/release/zeroth --runs 200 --seed 1

Arrays, buffers and products are small, so that buffers fill up and SCALE-Sim ends within a second. Bandwidth is estimated (CALC).
With --goldens it prints the runs as ScaleSimTests has them, and asks zeroth nothing.
"""

import argparse
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile

from scalesim.scale_sim import scalesim

CONFIGURATION = """[general]
run_name = run
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
[architecture_presets]
ArrayHeight = {rows}
ArrayWidth = {columns}
IfmapSramSzkB = {ifmap}
FilterSramSzkB = {filter}
OfmapSramSzkB = {ofmap}
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = {dataflow}
Bandwidth = 10
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
FilterCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
"""

COLUMNS = [
    "compute_cycles", "stall_cycles", "total_cycles_reported", "total_cycles_incl_prefetch", "util_pct",
    "mapping_eff_pct", "compute_util_pct", "sram_ifmap_reads", "sram_filter_reads", "sram_ofmap_writes",
    "dram_ifmap_reads", "dram_filter_reads", "dram_ofmap_writes",
]


def simulate(case, folder):
    """What SCALE-Sim reports of one product, by column."""
    m, k, n = case["product"]
    paths = {name: os.path.join(folder, name) for name in ("run.cfg", "topology.csv", "layout.csv", "out")}
    with open(paths["run.cfg"], "w") as file:
        file.write(CONFIGURATION.format(**case))
    with open(paths["topology.csv"], "w") as file:
        file.write(f"Layer,M,N,K,\nproduct,{m},{n},{k},\n")
    with open(paths["layout.csv"], "w") as file:
        file.write("Layer\nproduct,\n")
    with contextlib.redirect_stdout(io.StringIO()):
        simulator = scalesim(
            save_disk_space=True, verbose=False, config=paths["run.cfg"], topology=paths["topology.csv"],
            layout=paths["layout.csv"], input_type_gemm=True)
        simulator.run_scale(top_path=paths["out"])
    layer = simulator.runner.single_layer_sim_object_list[0]
    with_prefetch, total, stalls, *shares = layer.get_compute_report_items()
    details = [int(value) for value in layer.get_detail_report_items()]
    # It reports the number of the last cycle, from 0.
    values = [int(total) - int(stalls) + 1, int(stalls), int(total), int(with_prefetch)]
    values += [float(share) for share in shares] + details[2::3]
    return dict(zip(COLUMNS, values))


def agrees(column, reported, said):
    """Whether zeroth's value is SCALE-Sim's, percentages to the four places that zeroth prints.

    SCALE-Sim adds up a share for each fold in binary64: where the true share ends in a 5, its sum may round the other way.
    """
    if not column.endswith("_pct"):
        return reported == said
    return said is not None and abs(reported - said) <= 0.5e-4 * (1 + 1e-9)


def ask(zeroth, case):
    """What zeroth says of the same."""
    text = subprocess.run(
        [zeroth, "cost", "--oracle", "scale-sim", "--json", "--gemm", ",".join(map(str, case["product"])),
         "--array", f"{case['rows']}x{case['columns']}", "--dataflow", case["dataflow"],
         "--sram-kib", f"{case['ifmap']},{case['filter']},{case['ofmap']}"],
        check=True, capture_output=True, text=True).stdout
    return json.loads(text)


def random_case(source):
    limit = source.choice([4, 9, 20])
    sides = source.choice([(4, 4), (8, 8), (8, 16), (16, 4), None])
    rows, columns = sides or (source.randint(1, limit), source.randint(1, limit))
    while True:
        product = [source.randint(1, source.choice([6, 40, 90])) for _ in range(3)]
        # At one cycle SCALE-Sim divides by zero.
        if 1 < product[0] * product[1] * product[2] < 150_000:
            break
    return {
        "rows": rows, "columns": columns, "product": product, "dataflow": source.choice(["ws", "os", "is"]),
        "ifmap": source.randint(1, 2), "filter": source.randint(1, 2), "ofmap": source.randint(1, 3),
    }


def golden(case, columns):
    fields = [case["dataflow"], case["rows"], case["columns"], *case["product"], case["ifmap"], case["filter"], case["ofmap"]]
    values = [round(value, 4) if name.endswith("_pct") else value for name, value in columns.items()]
    return ",".join(map(str, fields + values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zeroth", nargs="?", help="the program")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--goldens", action="store_true")
    arguments = parser.parse_args()
    if not arguments.goldens and arguments.zeroth is None:
        parser.error("name the program, or give --goldens")
    zeroth = arguments.zeroth and os.path.abspath(arguments.zeroth)
    source = random.Random(arguments.seed)
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.runs):
            case = random_case(source)
            reported = simulate(case, folder)
            if arguments.goldens:
                print(golden(case, reported))
                continue
            said = ask(zeroth, case)
            wrong = {name: (value, said.get(name)) for name, value in reported.items()
                     if not agrees(name, value, said.get(name))}
            if wrong:
                different += 1
                print(f"{case}: SCALE-Sim and zeroth say {wrong}")
    if not arguments.goldens:
        print(f"{arguments.runs} runs, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
