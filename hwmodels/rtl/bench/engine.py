"""Layers through the tile engine: rows of hwmodels/rtl/check, and logs for `zeroth compare`."""

import filecmp
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

from . import verilator

HERE = os.path.dirname(os.path.abspath(__file__))
CLASSES = ("weight load", "activation load", "store", "perturbation", "product", "epilogue")
EPILOGUE = 5


@dataclass(frozen=True)
class Engine:
    """An engine that is built, and its share of the layers."""

    rows: int
    columns: int
    lanes: int
    sums: str
    share: int = 1

    KINDS = ("integer", "sequential", "grouped", "aligned", "exact")

    @property
    def name(self):
        return f"engine_{self.rows}x{self.columns}x{self.lanes}_{self.sums}"

    @property
    def kind(self):
        return self.KINDS.index(self.sums)

    @property
    def shape(self):
        return ["--rows", str(self.rows), "--columns", str(self.columns)]


ENGINES = [Engine(4, 4, 1, "integer", 3), Engine(3, 5, 2, "integer", 2), Engine(8, 6, 1, "integer", 1), Engine(3, 4, 1, "sequential"),
           Engine(4, 3, 4, "grouped"), Engine(2, 5, 4, "aligned"), Engine(3, 2, 2, "exact")]


def layers_of(engine, total):
    """How many of `total` layers an engine runs: all engines together run them all."""
    shares = sum(e.share for e in ENGINES)
    place = ENGINES.index(engine)
    before = sum(e.share for e in ENGINES[:place])
    return (before + engine.share) * total // shares - before * total // shares


@dataclass
class Outcome:
    """What became of some layers."""

    layers: int = 0
    bits: int = 0           # layers with a wrong byte
    cycles: int = 0         # layers with a command that does not take the cycles it should
    equal: int = 0          # layers with the timing model's cycles, to the command
    errors: list = field(default_factory=list)  # of the others: relative difference of the layer's cycles
    first: list = field(default_factory=list)

    def note(self, text):
        if len(self.first) < 3:
            self.first.append("  " + text)


def build(tool, engine, search):
    """The bench's program."""
    parameters = {"ROWS": engine.rows, "COLUMNS": engine.columns, "LANES": engine.lanes, "KIND": engine.kind}
    return tool.build("engine_probe", [os.path.join(HERE, "engine_probe.sv")], os.path.join(HERE, "engine_bench.cpp"), search, parameters, engine.name)


def write(zeroth, engine, count, seed, folder, logs=False):
    """Random layers for an engine, as `zeroth vectors engine` draws them."""
    shutil.rmtree(folder, ignore_errors=True)
    verilator.run([zeroth, "vectors", "engine", *engine.shape, "--lanes", str(engine.lanes), "--sums", engine.sums, "--count", str(count), "--seed",
                   str(seed), "--output", folder, *(["--log"] if logs else [])])
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def simulate(program, engine, folders, logs=False):
    """Runs layers; of each, its cycles (-1: not through) and the engine's faults."""
    found = {}
    for start in range(0, len(folders), 200):
        arguments = []
        for folder in folders[start:start + 200]:
            manifest = read(folder)
            arguments += [folder, str(manifest["latencyCycles"]), str(4 * manifest["cycles"] + 10000)]
        text = verilator.run([program, *engine.shape, "--kind", str(engine.kind), *(["--log"] if logs else []), *arguments])
        for line in text.splitlines():
            name, cycles, faults = line.rsplit(" ", 2)
            found[name] = (int(cycles), int(faults))
    return found


def read(folder):
    with open(os.path.join(folder, "manifest.json")) as file:
        return json.load(file)


def commands(path):
    """(class, number) to (begin, end, the rest of the line)."""
    result = {}
    with open(path) as file:
        for line in file:
            words = line.split()
            result[int(words[0]), int(words[1])] = (int(words[2]), int(words[3]), words[4] if len(words) > 4 else "")
    return result


def compare(folder, found, outcome):
    """One layer's memory and cycles against the emulator's and the timing model's."""
    outcome.layers += 1
    manifest = read(folder)
    name = os.path.basename(folder)
    cycles, faults = found
    if not filecmp.cmp(os.path.join(folder, "golden.memh"), os.path.join(folder, "result.memh"), shallow=False):
        outcome.bits += 1
        outcome.note(f"layer {name}: {first_difference(folder, manifest)}")
    if cycles < 0 or faults:
        outcome.cycles += 1
        return outcome.note(f"layer {name}: not through after {4 * manifest['cycles'] + 10000} cycles, faults {faults}")
    expected, ran = commands(os.path.join(folder, "cycles.txt")), commands(os.path.join(folder, "events.txt"))
    passes = epilogues(folder)
    wrong = None
    exact = cycles == manifest["cycles"]
    for key, (begin, end, _) in expected.items():
        if key not in ran:
            wrong = wrong or f"{CLASSES[key[0]]} {key[1]} did not run"
            continue
        took = ran[key][1] - ran[key][0]
        due = passes[key[1]] if key[0] == EPILOGUE else end - begin
        if took != due:
            wrong = wrong or f"{CLASSES[key[0]]} {key[1]} took {took} cycles, not {due}"
        exact = exact and ran[key][:2] == (begin, end)
    same = all(end - begin == passes[number] for (kind, number), (begin, end, _) in expected.items() if kind == EPILOGUE)
    if same and not exact and not wrong:
        key = min((key for key in expected if ran[key][:2] != expected[key][:2]), key=lambda key: ran[key][0], default=None)
        wrong = f"{cycles} cycles, not {manifest['cycles']}" + (
            f"; first {CLASSES[key[0]]} {key[1]}: {ran[key][:2]}, not {expected[key][:2]}" if key else "")
    if wrong:
        outcome.cycles += 1
        outcome.note(f"layer {name}: {wrong}")
    outcome.equal += exact
    if not exact:
        outcome.errors.append(cycles / manifest["cycles"] - 1)


def field_of(word, low, bits):
    return word >> low & (1 << bits) - 1


def epilogues(folder):
    """Cycles of each epilogue in whole passes over the lanes: the timing model packs a tile's operations of a kind closer (docs/validation.md)."""
    with open(os.path.join(folder, "commands.memh")) as file:
        words = [int(line, 16) for line in file]
    settings = words[0]
    lanes, convert, multiply, add = (field_of(settings, place, 8) for place in (20, 28, 36, 44))
    is_integer = field_of(settings, 4, 4) >= 11
    cycles = (convert if is_integer else 0) + 2 * multiply + (add if settings >> 3 & 1 else 0)
    result = {}
    for word in words:
        if word >> 380 == 4:
            outputs = field_of(word, 144, 16) * field_of(word, 160, 16)
            result[len(result) + 1] = -(-outputs // lanes) * cycles
    return result


def first_difference(folder, manifest):
    """The first wrong byte of DRAM in words: which result, of which tile, in which lane."""
    data = []
    for name in ("golden.memh", "result.memh"):
        with open(os.path.join(folder, name)) as file:
            data.append(b"".join(bytes.fromhex(line.strip())[::-1] for line in file))
    golden, result = data
    place = next((i for i, (a, b) in enumerate(zip(golden, result)) if a != b), None)
    if place is None:
        return "memories of different sizes"
    for tensor in manifest["tensors"]:
        if tensor["address"] <= place < tensor["address"] + tensor["bytes"]:
            element, byte = divmod(place - tensor["address"], 4)
            if tensor["name"] == "C":
                m, n = divmod(element, manifest["n"])
                word = slice(4 * element + tensor["address"], 4 * element + 4 + tensor["address"])
                return f"C[{m}, {n}] is {result[word][::-1].hex()}, not {golden[word][::-1].hex()}"
            return f"byte {place - tensor['address']} of {tensor['name']} was changed"
    return f"byte {place}, which belongs to nothing, was changed"


KINDS = {"load": (0, 1), "store": (2,), "perturb": (3,), "matmul": (4,), "vector": (5,)}


def log(folder):
    """Writes FOLDER/rtl.log from golden.log and what the engine did: cycles and fields are the engine's, the rest of each line is its command's."""
    ran = commands(os.path.join(folder, "events.txt"))
    expected = commands(os.path.join(folder, "cycles.txt"))
    order = {event: [key for key in expected if key[0] in kinds] for event, kinds in KINDS.items()}
    taken = dict.fromkeys(KINDS, 0)
    with open(os.path.join(folder, "golden.log")) as file, open(os.path.join(folder, "rtl.log"), "w") as out:
        events = False
        count = 0
        for line in file:
            words = line.rstrip("\n").split(" ")
            if line.startswith("source "):
                line = 'source "hwmodels/rtl/tile_engine"\n'
            elif line == "events\n":
                events = True
            elif events and words[0] != "end":
                event = words[6]
                key = order[event][taken[event]]
                taken[event] += 1
                if key not in ran:
                    continue  # a command that never ran
                begin, end, data = ran[key]
                found = data.split(".")[-len(words[8:-1]):]
                # What a command that did not end left is not known.
                fields = [found[i] if i < len(found) and found[i] else "0" * len(due) for i, due in enumerate(words[8:-1])]
                line = " ".join([words[0], f"{begin:012x}", f"{end:012x}", *words[3:8], *fields, words[-1]]) + "\n"
                count += 1
            elif words[0] == "end":
                line = f"end {count:016x} --------\n"
            out.write(line)
