"""Benches under Verilator: a wrapper that holds the units of a group, and a C++ driver made for their ports."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

PROLOGUE = r"""
// Made by hwmodels/rtl/check. Reads a vector file, applies its lines to one unit, counts what differs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>
#include "V@TOP@.h"
#include "verilated.h"

struct Place { const char* name; int bits; int word; };      // where a field's words lie in a parsed line

struct Line { uint32_t words[@WORDS@]; uint64_t unknown; };  // bit i of unknown: field i holds x

struct File {
    std::vector<char> text;
    size_t at = 0;
    long number = 0;

    explicit File(const char* path) {
        FILE* file = std::fopen(path, "rb");
        if (!file) { std::perror(path); std::exit(2); }
        std::fseek(file, 0, SEEK_END);
        text.resize(std::ftell(file));
        std::rewind(file);
        if (std::fread(text.data(), 1, text.size(), file) != text.size()) { std::perror(path); std::exit(2); }
        std::fclose(file);
    }

    bool next(const Place* fields, int count, Line& line) {
        for (;;) {
            if (at >= text.size()) return false;
            if (text[at] != '/') break;
            while (at < text.size() && text[at] != '\n') ++at;
            ++at;
        }
        line.unknown = 0;
        for (int i = 0; i < count; ++i) {
            int digits = (fields[i].bits + 3) / 4;
            uint32_t* words = line.words + fields[i].word;
            for (int w = 0; w < (fields[i].bits + 31) / 32; ++w) words[w] = 0;
            for (int d = digits - 1; d >= 0; --d) {
                char c = at < text.size() ? text[at++] : '?';
                uint32_t digit = 0;
                if (c >= '0' && c <= '9') digit = c - '0';
                else if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
                else if (c == 'x') line.unknown |= 1ull << i;
                else { std::fprintf(stderr, "vector %ld: not a hex digit in %s\n", number, fields[i].name); std::exit(2); }
                words[d / 8] |= digit << (4 * (d % 8));
            }
            ++at;  // the underscore, or the end of the line
        }
        ++number;
        return true;
    }
};

static inline uint64_t two(const uint32_t* words, int bits) {
    return bits > 32 ? (uint64_t)words[1] << 32 | words[0] : words[0];
}

struct Counts { long vectors = 0, bits = 0, cycles = 0; };

static void report(const char* unit, long vector, const Place& field, const uint32_t* got, const uint32_t* expected) {
    std::printf("  %s, vector %ld: %s is ", unit, vector, field.name);
    for (int w = (field.bits + 31) / 32 - 1; w >= 0; --w) std::printf("%08x", got[w]);
    std::printf(", not ");
    for (int w = (field.bits + 31) / 32 - 1; w >= 0; --w) std::printf("%08x", expected[w]);
    std::printf("\n");
}

// Compares the outputs; one mismatch a vector, the first three in words.
static void compare(const char* unit, long vector, const Place* fields, int inputs, int count, const Line& expected, const uint32_t* got,
                    Counts& counts) {
    bool wrong = false;
    for (int i = inputs; i < count; ++i) {
        if (expected.unknown >> i & 1) continue;
        int words = (fields[i].bits + 31) / 32;
        if (std::memcmp(got + fields[i].word, expected.words + fields[i].word, 4 * words) == 0) continue;
        if (!wrong && counts.bits < 3) report(unit, vector, fields[i], got + fields[i].word, expected.words + fields[i].word);
        wrong = true;
    }
    counts.bits += wrong;
}

static uint64_t scramble = 88172645463325252ull;
static uint32_t any() {
    scramble ^= scramble << 13; scramble ^= scramble >> 7; scramble ^= scramble << 17;
    return (uint32_t)(scramble >> 32);
}

static void tick(V@TOP@* top) { top->clk = 0; top->eval(); top->clk = 1; top->eval(); }
"""

COMBINATIONAL = """
    while (file.next(fields, @COUNT@, line)) {
        set_@UNIT@(top, line.words);
        top->eval();
        get_@UNIT@(top, got);
        compare("@UNIT@", counts.vectors++, fields, @INPUTS@, @COUNT@, line, got, counts);
    }
"""

CYCLES = """
    top->reset = 1; tick(top); top->reset = 0;
    while (file.next(fields, @COUNT@, line)) {
        set_@UNIT@(top, line.words);
        tick(top);
        get_@UNIT@(top, got);
        compare("@UNIT@", counts.vectors++, fields, @INPUTS@, @COUNT@, line, got, counts);
    }
"""

# Lines enter in three cycles of four; between them stand bubbles with random operands.
PIPELINED = """
    struct Stage { bool valid; Line line; long number; };
    std::deque<Stage> stages;
    top->reset = 1; top->@UNIT@_at_valid_in = 0; tick(top); tick(top); top->reset = 0;
    for (int i = 0; i < @LATENCY@ - 1; ++i) stages.push_back({false, line, 0});
    long draining = @LATENCY@ + 4;
    bool more = true;
    while (draining > 0) {
        Stage stage{false, line, 0};
        if (more && any() % 4 != 0 && !@BUBBLE@) {
            more = file.next(fields, @COUNT@, line);
            stage = {more, line, counts.vectors};
            counts.vectors += more;
        }
        if (!more) --draining;
        if (!stage.valid) for (uint32_t& word : line.words) word = any();
        set_@UNIT@(top, line.words);
        top->@UNIT@_at_valid_in = stage.valid;
@LOADING@        stages.push_back(stage);
        tick(top);
        Stage& due = stages.front();
        if (top->@UNIT@_at_valid_out != due.valid) {
            if (counts.cycles++ < 3) std::printf("  @UNIT@: valid_out is %d, not %d, about vector %ld\\n", top->@UNIT@_at_valid_out, due.valid, due.number);
        } else if (due.valid) {
            get_@UNIT@(top, got);
            compare("@UNIT@", due.number, fields, @INPUTS@, @COUNT@, due.line, got, counts);
        }
        stages.pop_front();
    }
"""


# A load changes state with or without valid_in: half of them come in a bubble behind their line, and other bubbles have none.
LOADING = """
        if (!stage.valid) {
            if (load_follows) set_@UNIT@(top, load_line.words);
            top->@UNIT@_at_load = load_follows;
            load_follows = false;
        } else if (top->@UNIT@_at_load && any() % 2) {
            load_line = line;
            load_follows = true;
            top->@UNIT@_at_load = 0;
        }
"""


def words(bits):
    return (bits + 31) // 32


def driver(top, units, headers):
    """The C++ text of a group's driver."""
    largest = max(sum(words(f.bits) for f in headers[u.name].fields) for u in units)
    text = PROLOGUE.replace("@TOP@", top).replace("@WORDS@", str(largest))
    if not any(needs_clock(u, headers) for u in units):
        text = "\n".join(l for l in text.split("\n") if not l.startswith("static void tick"))
    for u in units:
        header = headers[u.name]
        place, places = 0, []
        for f in header.fields:
            places.append(place)
            place += words(f.bits)

        def port(f):
            return f"top->{u.name}_at_{f.name}"

        set_lines, get_lines = [], []
        for f, at in zip(header.inputs, places):
            # Junk above a port's width in bubbles must not reach it.
            if f.bits <= 64:
                mask = "" if f.bits in (32, 64) else f" & {(1 << f.bits) - 1:#x}ull"
                set_lines.append(f"    {port(f)} = two(w + {at}, {f.bits}){mask};")
            else:
                top_word = words(f.bits) - 1
                mask = "" if f.bits % 32 == 0 else f" & {(1 << f.bits % 32) - 1:#x}u"
                set_lines.append(f"    for (int i = 0; i < {top_word}; ++i) {port(f)}[i] = w[{at} + i];")
                set_lines.append(f"    {port(f)}[{top_word}] = w[{at + top_word}]{mask};")
        for f, at in zip(header.outputs, places[len(header.inputs):]):
            if f.bits <= 32:
                get_lines.append(f"    w[{at}] = {port(f)};")
            elif f.bits <= 64:
                get_lines.append(f"    w[{at}] = (uint32_t){port(f)}; w[{at + 1}] = (uint32_t)({port(f)} >> 32);")
            else:
                get_lines.append(f"    for (int i = 0; i < {words(f.bits)}; ++i) w[{at} + i] = {port(f)}[i];")
        table = ", ".join(f'{{"{f.name}", {f.bits}, {at}}}' for f, at in zip(header.fields, places))
        body = {"combinational": COMBINATIONAL, "cycles": CYCLES, "pipelined": PIPELINED}[header.timing]
        body = body.replace("@UNIT@", u.name).replace("@COUNT@", str(len(header.fields)))
        loads = LOADING.replace("@UNIT@", u.name) if any(f.name == "load" for f in header.inputs) else ""
        body = body.replace("@LOADING@", loads).replace("@BUBBLE@", "load_follows" if loads else "false").replace("@INPUTS@", str(len(header.inputs))).replace("@LATENCY@", str(u.latency))
        text += "\n".join(
            [f"\nstatic void set_{u.name}(V{top}* top, const uint32_t* w) {{", *set_lines, "}",
             f"static void get_{u.name}(V{top}* top, uint32_t* w) {{", *get_lines, "}",
             f"static Counts run_{u.name}(V{top}* top, File& file) {{",
             f"    static const Place fields[] = {{{table}}};",
             "    Counts counts;", "    Line line{}, load_line{};", "    bool load_follows = false;", f"    uint32_t got[{largest}] = {{}};", body, "    return counts;", "}"])
    # Registers begin with any value: what is not reset shows.
    text += "\nint main(int, char** arguments) {\n    VerilatedContext context;\n    context.randReset(2);\n    context.randSeed(1);\n"
    text += f"    V{top} top{{&context}};\n    File file(arguments[2]);\n    std::string unit = arguments[1];\n    Counts counts;\n"
    for u in units:
        text += f'    if (unit == "{u.name}") counts = run_{u.name}(&top, file);\n'
    text += '    std::printf("%ld %ld %ld\\n", counts.vectors, counts.bits, counts.cycles);\n    top.final();\n    return 0;\n}\n'
    return text


def needs_clock(u, headers):
    return headers[u.name].timing != "combinational"


def wrapper(top, units, headers):
    """A module that holds the group's units side by side."""
    ports, instances = [], []
    if any(needs_clock(u, headers) for u in units):
        ports += ["input logic clk", "input logic reset"]
    for u in units:
        header = headers[u.name]
        connections = [f".{name}({value})" for name, value in u.ties.items()]
        for direction, fields in (("input", header.inputs), ("output", header.outputs)):
            for f in fields:
                ports.append(f"{direction} logic [{f.bits - 1}:0] {u.name}_at_{f.name}")
                connections.append(f".{f.name}({u.name}_at_{f.name})")
        if needs_clock(u, headers):
            connections += [".clk(clk)", ".reset(reset)"]
        if header.timing == "pipelined":
            ports += [f"input logic {u.name}_at_valid_in", f"output logic {u.name}_at_valid_out"]
            connections += [f".valid_in({u.name}_at_valid_in)", f".valid_out({u.name}_at_valid_out)"]
        parameters = ", ".join(f".{name}({value})" for name, value in u.parameters.items())
        parameters = f" #({parameters})" if parameters else ""
        instances.append(f"  {u.module}{parameters} instance_{u.name} ({', '.join(connections)});")
    return f"module {top} (\n  " + ",\n  ".join(ports) + "\n);\n" + "\n".join(instances) + "\nendmodule\n"


class Failure(Exception):
    """A build that did not work, with what the tool said."""


def run(command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        raise Failure(f"{' '.join(command[:6])} … ended with status {result.returncode}:\n{result.stdout[-4000:]}")
    return result.stdout


class Verilator:
    """Builds benches in a folder; Verilator's own run-time library is compiled once."""

    def __init__(self, folder, library, optimize=2):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        os.makedirs(library, exist_ok=True)
        root = run(["verilator", "--getenv", "VERILATOR_ROOT"]).strip()
        self.include = os.path.join(root, "include")
        self.flags = ["-std=gnu++17", f"-O{optimize}", "-w", f"-I{self.include}", f"-I{self.include}/vltstd", "-DVM_COVERAGE=0", "-DVM_TRACE=0"]
        self.library = []
        for name in ("verilated", "verilated_threads"):
            target = os.path.join(library, name + ".o")
            if not os.path.exists(target):
                run(["g++", *self.flags, "-c", f"{self.include}/{name}.cpp", "-o", target])
            self.library.append(target)

    def build(self, top, sources, main, search, parameters=None, name=None):
        """Verilates `top` with its sources, compiles it with the C++ file `main`; the program's path."""
        name = name or top
        place = os.path.join(self.folder, name)
        given = [f"-G{key}={value}" for key, value in (parameters or {}).items()]
        run(["verilator", "--cc", "-O3", "--output-split", "20000", "--top-module", top, "--Mdir", place, *given,
             *[word for folder in search for word in ("-y", folder)], *sources])
        made = [main] + sorted(os.path.join(place, file) for file in os.listdir(place) if file.endswith(".cpp"))
        objects = [os.path.join(place, f"part{number}.o") for number in range(len(made))]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda pair: run(["g++", *self.flags, f"-I{place}", "-c", pair[0], "-o", pair[1]]), zip(made, objects)))
        program = os.path.join(place, "bench")
        run(["g++", *objects, *self.library, "-lpthread", "-o", program])
        return program
