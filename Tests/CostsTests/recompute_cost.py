#!/usr/bin/env python3
"""Adds up the energy of a cost.json again, from its action counts and prices, and demands equality to the bit.

    python3 recompute_cost.py cost.json

Reads a run's cost.json, one step's cost, or a comparison of two. Exit status 1 with one line on the first difference.
"""
import json
import sys


def check(name, step):
    prices = {entry["name"]: entry for entry in step["entries"]}
    totals = {"picojoules": 0.0, "lowPicojoules": 0.0, "highPicojoules": 0.0, "estimatedPicojoules": 0.0}
    for line in step["lines"]:
        entry = prices[line["entry"]]
        if line["count"] * entry["picojoules"] != line["picojoules"]:
            sys.exit(f"{name}: {line['unit']}, {line['kind']}, {line['entry']}: {line['picojoules']} is not count x price")
        for key in totals:
            totals[key] += line["count"] * entry[key]
    for group, field in (("energyByUnit", "unit"), ("energyByKind", "kind")):
        sums = {}
        for line in step["lines"]:
            sums[line[field]] = sums.get(line[field], 0.0) + line["picojoules"]
        if sums != {key: energy["picojoules"] for key, energy in step[group].items()}:
            sys.exit(f"{name}: {group} is not the sum of its lines")
    for key, total in totals.items():
        if step["energy"][key] != total:
            sys.exit(f"{name}: energy.{key} is {step['energy'][key]}, its lines come to {total}")
    if step["latencyMilliseconds"] != step["cycles"] / (step["clockMegahertz"] * 1000):
        sys.exit(f"{name}: latencyMilliseconds is not cycles / (MHz x 1000)")
    traffic = step["dramTraffic"]
    moved = traffic["readBytes"] + traffic["writtenBytes"]
    if moved != traffic["usefulBytes"] + traffic["paddingBytes"] + traffic["refetchedBytes"]:
        sys.exit(f"{name}: DRAM bytes are not conserved")
    charged = sum(line["count"] for line in step["lines"] if line["unit"] == "dram")
    if charged != moved:
        sys.exit(f"{name}: {charged} DRAM bytes are charged, {moved} are moved")
    if sum(line["count"] for line in step["lines"] if line["entry"].startswith("mac.")) != sum(step["macs"].values()):
        sys.exit(f"{name}: MACs charged and MACs counted differ")
    if sum(step["macs"].values()) + step["idleArraySlots"] != step["arraySlots"]:
        sys.exit(f"{name}: MACs and idle slots do not make up the array's slots")
    print(f"{name}: {totals['picojoules']} pJ, equal to the bit")


def check_comparison(name, comparison):
    for key in ("zerothOrder", "firstOrder"):
        if comparison.get(key):
            check(name + key, comparison[key])


def check_run(document):
    """Every padded length, and the mean that the report prints."""
    for length in document["lengths"]:
        check_comparison(f"{length['sequenceTokens']} tokens, ", length["comparison"])
    steps = float(max(1, sum(length["steps"] for length in document["lengths"])))
    for key in ("zerothOrder", "firstOrder"):
        if document.get(key):
            total = 0.0
            for length in document["lengths"]:
                total += float(length["steps"]) * length["comparison"][key]["energy"]["picojoules"]
            if document[key]["picojoules"] != total / steps:
                sys.exit(f"mean {key}: {document[key]['picojoules']} pJ, its lengths come to {total / steps}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    if "lengths" in document:
        check_run(document)
    elif document.get("zerothOrder"):
        check_comparison("", document)
    else:
        check("step", document)


main()
