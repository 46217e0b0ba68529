#!/usr/bin/env python3
"""The methods table of docs/validation.md and the costs to a target: runs `zeroth finetune` for each row and seed, prints Markdown.

    python3 docs/methods.py ZEROTH OUTPUT_DIR [--seeds 5] [--target 0.95] [--only WORD] [--threads 1]

ZEROTH is the program (.build/release/zeroth). Runs that stand in OUTPUT_DIR are not made again. A forward of one example is the unit of work: a zeroth-order step takes two an example and query, a
first-order step three (its backward has twice the products of its forward), an evaluation one for each validation example. An evaluation is charged half the cost of a zeroth-order step of as many examples on the same machine (half its two
passes; its update is in it, so this is a little too much), on both sides alike."""

import argparse
import json
import math
import os
import subprocess

LORA = "lora:rank=8,targets=all-linear"

# Name, flags, steps between evaluations, forwards of an example a step.
ROWS = [
    ("QuZO, INT8", [], 100, 2),
    ("MeZO, FP32", ["--method", "mezo:fp32", "--learning-rate", "0.001", "--perturbation-size", "epsilon:0.03"], 100, 2),
    ("MeZO, BF16", ["--method", "mezo", "--learning-rate", "0.001", "--perturbation-size", "epsilon:0.03"], 100, 2),
    ("ZO-SignSGD, FP32", ["--method", "zo-signsgd:fp32", "--learning-rate", "0.003", "--perturbation-size", "epsilon:0.01"], 100, 2),
    ("ZOQO, INT8", ["--method", "zoqo"], 50, 2),
    ("QuZO, W4A8", ["--weights", "int4"], 100, 2),
    ("first-order, FP32, Adam", ["--method", "full:fp32,adam,backward=fp32", "--learning-rate", "0.003"], 5, 3),
    ("first-order, BF16, Adam", ["--method", "full,adam", "--learning-rate", "0.003"], 5, 3),
    ("QAT, INT8, Adam", ["--method", "qat:int8,adam", "--learning-rate", "0.003"], 5, 3),
    ("QAT, INT8, SGD", ["--method", "qat:int8,sgd", "--learning-rate", "0.1"], 5, 3),
    ("QAT, W4A8, Adam", ["--method", "qat:int4/int8,adam", "--learning-rate", "0.003"], 5, 3),
    ("QuZO, FP8", ["--hardware", "datacentre-fp8"], 100, 2),
    ("QuZO, E5M2", ["--hardware", "datacentre-fp8", "--weights", "e5m2", "--activations", "e5m2"], 100, 2),
    ("QuZO, BF16", ["--hardware", "datacentre-fp8", "--weights", "bf16", "--activations", "bf16"], 100, 2),
    ("QAT, FP8, Adam", ["--hardware", "datacentre-fp8", "--method", "qat:e4m3,adam", "--learning-rate", "0.003"], 5, 3),
    ("QuZO, INT8, LoRA", ["--trainable", LORA, "--learning-rate", "1000", "--perturbation-size", "steps:8"], 100, 2),
    ("ZOQO, INT8, LoRA", ["--method", "zoqo", "--trainable", LORA, "--perturbation-size", "steps:8"], 50, 2),
    ("MeZO, BF16, LoRA", ["--method", "mezo", "--trainable", LORA, "--learning-rate", "0.003", "--perturbation-size", "epsilon:0.03"], 100, 2),
    ("QAT, INT8, Adam, LoRA", ["--method", "qat:int8,adam", "--trainable", LORA, "--learning-rate", "0.003"], 5, 3),
]


def run(zeroth, folder, name, flags, every, seed, threads):
    path = os.path.join(folder, f"{name}-{seed}".replace(" ", "_").replace(",", ""))
    if not os.path.exists(path + "/done.json"):
        command = [zeroth, "finetune", *flags, "--seed", str(seed), "--evaluate-every", str(every), "--threads", str(threads), "--output", path, "--overwrite", "--json"]
        if not os.path.exists(path):
            command.remove("--overwrite")
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        with open(path + "/done.json", "w") as file:
            file.write(result.stdout)
    with open(path + "/done.json") as file:
        result = json.load(file)
    lines = open(path + "/metrics.csv").read().splitlines()
    columns = lines[0].split(",")
    scores = {}
    for line in lines[1:]:
        fields = dict(zip(columns, line.split(",")))
        if fields["validation_accuracy"]:
            scores[int(fields["steps_done"])] = float(fields["validation_accuracy"])
    return result, scores


def mean(values):
    return sum(values) / len(values)


def deviation(values):
    return math.sqrt(sum((v - mean(values)) ** 2 for v in values) / max(1, len(values) - 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("zeroth")
    parser.add_argument("output")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--target", type=float, default=0.95)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only")
    options = parser.parse_args()
    os.makedirs(options.output, exist_ok=True)
    table, costs = [], []
    for name, flags, every, forwards in ROWS:
        if options.only and options.only not in name:
            continue
        after, before, reached = [], [], []
        for seed in range(1, options.seeds + 1):
            result, scores = run(options.zeroth, options.output, name, flags, every, seed, options.threads)
            after.append(100 * result["after"]["accuracy"])
            before.append(100 * result["before"]["accuracy"])
            hit = [step for step, score in sorted(scores.items()) if score >= options.target]
            cost, settings = result.get("cost"), result["run"]["settings"]
            if not hit:
                reached.append(None)
                continue
            steps, batch = hit[0], settings["batch"]
            evaluations = len([step for step in scores if step <= steps])
            examples = result["run"]["data"]["validationExamples"]
            work = steps * forwards * batch * settings["queries"] + evaluations * examples
            entry = {"steps": steps, "work": work}
            own = cost and cost.get("firstOrder" if settings["method"] == "first-order" else "zerothOrder")
            if own:
                passes = cost["zerothOrder"]
                for key, field, of in [("mJ", "picojoules", 1e-9), ("ms", "milliseconds", 1), ("MB", None, 1e-6)]:
                    value = (lambda c: c[field]) if field else (lambda c: c["dramReadBytes"] + c["dramWrittenBytes"])
                    entry[key] = of * (steps * value(own) + evaluations * examples / batch / 2 * value(passes) / cost["queries"])
                entry["peak"] = own["peakDRAMBytes"] / 1024
            reached.append(entry)
        steps = result["steps"]
        flagged = " ".join(flags)
        table.append(f"| {name} | `{flagged}` | {steps * forwards:,} | {mean(before):.1f} | {mean(after):.1f} ± {deviation(after):.1f} | {min(after):.1f} |")
        hits = [entry for entry in reached if entry]
        if not hits:
            costs.append(f"| {name} | 0 of {len(reached)} | not reached | | | | | |")
            continue

        def cell(key, digits):
            values = [entry[key] for entry in hits if key in entry]
            return f"{mean(values):,.{digits}f}" if len(values) == len(hits) else "-"

        costs.append(
            f"| {name} | {len(hits)} of {len(reached)} | {cell('steps', 0)} | {cell('work', 0)} | {cell('mJ', 1)} | {cell('ms', 0)} | {cell('MB', 0)} | {cell('peak', 0)} |")
    print("| method | flags | forwards an example of the batch | before | after | least |\n|---|---|---|---|---|---|")
    print("\n".join(table))
    print(f"\nTo {100 * options.target:.0f} % on the held-out films:\n")
    print("| method | seeds | steps | forwards of an example | energy, mJ | time, ms | DRAM, MB | peak DRAM, KiB |\n|---|---|---|---|---|---|---|---|")
    print("\n".join(costs))


main()
