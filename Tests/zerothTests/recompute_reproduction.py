#!/usr/bin/env python3
"""Adds up `zeroth reproduce memory --json` again, from the terms it prints, and demands equality to the bit.

    python3 recompute_reproduction.py rows.json

Parameters are counted here from the sizes below, intervals by trying every number near their ends, statuses from origins and differences.
Exit status 1 with one line on the first difference.
"""
import json
import math
import sys

# Sizes as the networks' papers and config.json files give them: blocks, hidden, key and value width, intermediate, vocabulary; rows of learned positions.
LLAMA = {
    "llama-7b": (32, 4096, 4096, 11008, 32000),
    "llama2-7b": (32, 4096, 4096, 11008, 32000),
    "llama2-13b": (40, 5120, 5120, 13824, 32000),
    "llama3-8b": (32, 4096, 1024, 14336, 128256),
}
OPT = {
    "opt-2.7b": (32, 2560),
    "opt-6.7b": (32, 4096),
    "opt-13b": (40, 5120),
    "opt-30b": (48, 7168),
    "opt-66b": (64, 9216),
}
WORD = {"ratio": "×", "share": "%", "gigabytes": "GB", "gibibytes": "GiB"}


def parameters(network):
    """Elements by the name that terms give them."""
    if network in LLAMA:
        blocks, hidden, narrow, inner, words = LLAMA[network]
        matrices = blocks * (2 * hidden * hidden + 2 * hidden * narrow + 3 * hidden * inner)
        counts = {
            "block matrices": matrices, "embedding tables": words * hidden, "head": words * hidden,
            "norms": (2 * blocks + 1) * hidden}
    else:
        blocks, hidden = OPT[network]
        counts = {
            "block matrices": blocks * 12 * hidden * hidden, "embedding tables": (50272 + 2050) * hidden,
            "norms": (2 * blocks + 1) * 2 * hidden, "biases": blocks * 9 * hidden}
    return counts


def groups(network, size):
    """Groups of weights along the rows of a block's matrices."""
    if network in LLAMA:
        _, hidden, narrow, inner, _ = LLAMA[network]
        shapes = [(hidden, hidden)] * 2 + [(narrow, hidden)] * 2 + [(inner, hidden)] * 2 + [(hidden, inner)]
    else:
        hidden = OPT[network][1]
        shapes = [(hidden, hidden)] * 4 + [(4 * hidden, hidden), (hidden, 4 * hidden)]
    return sum(rows * -(-columns // size) for rows, columns in shapes)


def size(term, changed=()):
    """A term's bytes; `changed` is a factor and the value that it shall have."""
    product = term["bits"]
    for factor in term["factors"]:
        product *= changed[1] if changed and factor["name"] == changed[0] else factor["value"]
    return -(-product // 8)


def check_term(name, network, term):
    if size(term) != term["bytes"]:
        sys.exit(f"{name}: {term['name']} is {term['bytes']} bytes, its factors come to {size(term)}")
    width = int("".join(digit for digit in term["format"] if digit.isdigit()).replace("BF", ""))
    if width != term["bits"]:
        sys.exit(f"{name}: {term['name']} is {term['format']} and has {term['bits']} bits")
    if network == "7 billion parameters":
        return
    counts = parameters(network)
    for factor in term["factors"]:
        wanted = factor["value"]
        if factor["name"] == "parameters":
            wanted = sum(counts.values())
        elif factor["name"] == "elements":
            wanted = counts[term["name"].split(": ")[-1]]
        elif factor["name"] == "blocks" and factor["value"] != 1:
            wanted = (LLAMA.get(network) or OPT[network])[0]
        elif factor["name"] == "hidden":
            wanted = (LLAMA.get(network) or OPT[network])[1]
        elif factor["name"].startswith("groups of "):
            wanted = groups(network, int(factor["name"].split()[2]))
        if factor["value"] != wanted:
            sys.exit(f"{name}: {term['name']}: {factor['name']} is {factor['value']}, should be {wanted}")


def figure(measure, sides, changed=()):
    totals = [float(sum(size(term, changed) for term in side["terms"])) for side in sides]
    if measure == "ratio":
        return totals[0] / totals[1]
    if measure == "share":
        return 100.0 * totals[0] / totals[1]
    return totals[0] / (1e9 if measure == "gigabytes" else 1073741824.0)


def check_sides(name, sides):
    for side in sides:
        for term in side["terms"]:
            check_term(name, side["network"], term)
        if sum(term["bytes"] for term in side["terms"]) != side["bytes"]:
            sys.exit(f"{name}: {side['name']} is not the sum of its terms")


def places(row, value):
    return math.floor(value * 10.0 ** row["decimals"] + 0.5)


def difference(row, computed):
    return 100.0 * (computed - row["published"]) / row["published"]


def holds(row, computed):
    if row["relation"] == "at-most":
        return computed <= row["published"]
    if row["relation"] == "at-least":
        return computed >= row["published"]
    return places(row, computed) == places(row, row["published"]) or abs(difference(row, computed)) <= 0.5


def status(row):
    if row["computed"] is None:
        return "not counted"
    fits = holds(row, row["computed"])
    if row["relation"] != "equals":
        return "holds" if fits else "does not hold by counting"
    origins = {each["origin"] for each in row["assumptions"]}
    if not fits:
        return "does not come out"
    if "fitted" in origins:
        return "consistent with, not reproduced"
    return "comes out as inferred" if "inferred" in origins else "reproduced"


def check(row):
    name = row["claim"]
    free = [each["statement"] for each in row["assumptions"] if each["origin"] != "stated"]
    if row["inferred"] != free or row["free_choices"] != len(free):
        sys.exit(f"{name}: inferred is not what the paper does not state")
    if row["unit"] != WORD[row["measure"]]:
        sys.exit(f"{name}: the unit is {row['unit']}")
    if row["status"] != status(row):
        sys.exit(f"{name}: is said to be {row['status']!r}, is {status(row)!r}")
    if row["computed"] is None:
        return
    check_sides(name, row["sides"])
    if figure(row["measure"], row["sides"]) != row["computed"]:
        sys.exit(f"{name}: computed is {row['computed']}, its sides come to {figure(row['measure'], row['sides'])}")
    if difference(row, row["computed"]) != row["difference_percent"]:
        sys.exit(f"{name}: difference_percent is {row['difference_percent']}")
    for other in row["neighbours"]:
        label = f"{name}, {other['name']}"
        check_sides(label, other["sides"])
        if figure(other["measure"], other["sides"]) != other["computed"]:
            sys.exit(f"{label}: computed is {other['computed']}")
        if other["fits"] != holds(row, other["computed"]):
            sys.exit(f"{label}: fits is {other['fits']}")
    interval = row["interval"]
    if interval:
        def rounds(number):
            value = figure(row["measure"], row["sides"], (interval["factor"], number))
            return places(row, value) == places(row, row["published"])
        fitting = [number for number in range(1, 2 * interval["highest"]) if rounds(number)]
        if fitting != list(range(interval["lowest"], interval["highest"] + 1)):
            sys.exit(f"{name}: {interval['factor']} is said to fit from {interval['lowest']} to {interval['highest']}")
    own = row["allocator"]
    if own:
        total = [float(side["bytes"]) for side in own["sides"]]
        if own["computed"] != (total[0] / total[1] if len(total) == 2 else total[0] / 1e9):
            sys.exit(f"{name}: the allocator's figure is not made of its sides")
        for side in own["sides"]:
            if sum(side["bytes_by_kind"].values()) > side["bytes"]:
                sys.exit(f"{name}: {side['name']}: more lives than is allocated")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    by_name = {row["claim"]: row for row in rows}
    for row in rows:
        check(row)
        joint = row["joint_interval"]
        if joint and all(claim in by_name for claim in joint["claims"]):
            own = [by_name[claim]["interval"] for claim in joint["claims"]]
            ends = max(each["lowest"] for each in own), min(each["highest"] for each in own)
            if (joint["lowest"], joint["highest"]) != ends:
                sys.exit(f"{row['claim']}: the joint interval is {ends}")
    print(f"{len(rows)} rows, equal to the bit")


main()
