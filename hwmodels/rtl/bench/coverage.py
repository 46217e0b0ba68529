"""What the vectors of float_cast met: format × rounding × overflow policy × kind of operand and result."""

from collections import Counter

FORMATS = ("e4m3", "e5m2", "e3m4", "e4m3ieee", "e2m1", "e2m3", "e3m2", "bf16", "fp16", "fp32", "e8m0")
ROUNDINGS = ("nearest-even", "nearest-away", "toward-zero", "down", "up", "odd", "stochastic-a", "stochastic-b", "stochastic-c")
POLICIES = ("saturate", "saturate-propagate", "ieee")
KINDS = ("zero", "subnormal operand", "to a zero", "to a subnormal", "exact", "inexact", "overflow", "infinity", "quiet NaN", "signaling NaN")
# Exponent and fraction bits: what of a code is its magnitude, and what of that is its fraction.
WIDTHS = {"e4m3": (4, 3), "e5m2": (5, 2), "e3m4": (3, 4), "e4m3ieee": (4, 3), "e2m1": (2, 1), "e2m3": (2, 3), "e3m2": (3, 2), "bf16": (8, 7),
          "fp16": (5, 10), "fp32": (8, 23), "e8m0": (8, 0)}


def kind(a, format, code, flags):
    """The first of KINDS that fits."""
    magnitude = a & 0x7FFFFFFF
    if magnitude > 0x7F800000:
        return "quiet NaN" if magnitude & 0x400000 else "signaling NaN"
    if magnitude == 0x7F800000:
        return "infinity"
    if magnitude == 0:
        return "zero"
    if flags & 4:
        return "overflow"
    exponent_bits, fraction_bits = WIDTHS[format]
    result = code & (1 << exponent_bits + fraction_bits) - 1
    if format != "e8m0" and result == 0:
        return "to a zero"
    if format != "e8m0" and result < 1 << fraction_bits:
        return "to a subnormal"
    if magnitude < 0x800000:
        return "subnormal operand"
    return "inexact" if flags & 1 else "exact"


def possible(format, kind, rounding=0):
    """Whether a vector can show it."""
    if kind == "overflow" and format in ("bf16", "e8m0") and ROUNDINGS[rounding] in ("toward-zero", "odd"):
        return False  # their range is FP32's, of which nothing is left when the fraction is cut
    if kind == "overflow" and format == "e8m0" and ROUNDINGS[rounding] == "down":
        return False  # it has no negative numbers
    if kind == "to a zero" or kind == "to a subnormal":
        return format != "e8m0"
    if kind == "subnormal operand":
        return format == "e8m0"  # the others make zeros and subnormal numbers of them
    if format == "fp32":
        return kind not in ("inexact", "overflow")
    return True


def count(path):
    """Vectors of each combination, from a vector file of float_cast."""
    counts = Counter()
    with open(path) as file:
        for text in file:
            if text.startswith("//"):
                continue
            a, format, rounding, _, _, overflow, _, _, code, flags = text.rstrip("\n").split("_")
            name = FORMATS[int(format, 16)]
            counts[name, int(rounding, 16), int(overflow, 16), kind(int(a, 16), name, int(code, 16), int(flags, 16))] += 1
    return counts


def table(path):
    """A line a format and a column a kind: the fewest vectors that any of the 9 · 3 roundings and policies had; what had none."""
    counts = count(path)
    lines = [f"{'float_cast: fewest vectors of any':<34}" + "".join(f"{name:>19}" for name in KINDS), f"{'rounding and policy (9 x 3)':<34}"]
    missing = []
    for format in FORMATS:
        cells = []
        for kind in KINDS:
            if not possible(format, kind):
                cells.append("-")
                continue
            cases = [(rounding, policy) for rounding in range(9) for policy in range(3) if possible(format, kind, rounding)]
            found = [counts[format, rounding, policy, kind] for rounding, policy in cases]
            cells.append(str(min(found)))
            missing += [f"{format}, {ROUNDINGS[rounding]}, {POLICIES[policy]}, {kind}"
                        for (rounding, policy), vectors in zip(cases, found) if vectors == 0]
        lines.append(f"  {format:<32}" + "".join(f"{cell:>19}" for cell in cells))
    return lines, missing
