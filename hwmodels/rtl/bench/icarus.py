"""Benches under Icarus Verilog: a test bench in Verilog made for a unit's ports."""

import os
import re

from bench.verilator import run


def bench(u, header, path, count):
    """The text of a bench that applies `count` lines of a vector file."""
    width = 4 * sum(f.digits for f in header.fields)
    lines = ["`timescale 1ns/1ps", "module bench;", f"  reg [{width - 1}:0] memory [0:{count - 1}];", f"  reg [{width - 1}:0] line;",
             "  reg clk = 0; reg reset = 1; reg valid_in = 0; wire valid_out;", "  integer i; integer bits = 0; integer cycles = 0;"]
    at = width
    connections = [f".{name}({value})" for name, value in u.ties.items()]
    checks = []
    pipelined = header.timing == "pipelined"
    for place, f in enumerate(header.fields):
        at -= 4 * f.digits
        if place < len(header.inputs):
            lines.append(f"  wire [{f.bits - 1}:0] p_{f.name} = line[{at + f.bits - 1}:{at}];")
        else:
            lines.append(f"  wire [{f.bits - 1}:0] p_{f.name};")
            source = f"memory[i - {u.latency - 1}]" if pipelined else "line"
            checks.append(f"(^p_{f.name} === 1'bx || (p_{f.name} !== e_{f.name} && ^e_{f.name} !== 1'bx))")
            lines.append(f"  reg [{f.bits - 1}:0] e_{f.name};")
            lines.append(f"  reg [{width - 1}:0] expected_{f.name};")
            checks[-1] = (f"begin expected_{f.name} = {source}; e_{f.name} = expected_{f.name}[{at + f.bits - 1}:{at}]; "
                          f"if (^e_{f.name} !== 1'bx && p_{f.name} !== e_{f.name}) wrong = 1; end")
        connections.append(f".{f.name}(p_{f.name})")
    if header.timing != "combinational":
        connections += [".clk(clk)", ".reset(reset)"]
    if pipelined:
        connections += [".valid_in(valid_in)", ".valid_out(valid_out)"]
    parameters = ", ".join(f".{name}({value})" for name, value in u.parameters.items())
    lines.append("  reg wrong;")
    lines.append(f"  {u.module} {f'#({parameters})' if parameters else ''} dut ({', '.join(connections)});")
    compare = " ".join(checks)
    tick = "#1 clk = 1; #1 clk = 0;"
    body = {
        "combinational": f"line = memory[i]; #1; wrong = 0; {compare} bits = bits + wrong;",
        "cycles": f"line = memory[i]; {tick} wrong = 0; {compare} bits = bits + wrong;",
        "pipelined": f"line = memory[i < {count} ? i : {count - 1}]; valid_in = i < {count}; {tick} "
                     f"if (valid_out !== (i >= {u.latency - 1})) cycles = cycles + 1; "
                     f"else if (valid_out) begin wrong = 0; {compare} bits = bits + wrong; end",
    }[header.timing]
    last = count + (u.latency - 1 if pipelined else 0)
    lines += ["  initial begin", f'    $readmemh("{path}", memory);', f"    line = memory[0]; {tick} {tick} reset = 0;",
              f"    for (i = 0; i < {last}; i = i + 1) begin {body} end",
              f'    $display("result {count} %0d %0d", bits, cycles);', "    $finish;", "  end", "endmodule"]
    return "\n".join(lines) + "\n"


def check(u, header, vectors, count, folder, sources):
    """Runs the first `count` vectors; the counts of vectors, bit mismatches and cycle mismatches."""
    head = os.path.join(folder, u.name + "_head.hex")
    taken = 0
    with open(vectors) as source, open(head, "w") as target:
        for text in source:
            taken += not text.startswith("//")
            if taken > count:
                break
            target.write(text)
    taken = min(taken, count)
    text = os.path.join(folder, u.name + "_bench.v")
    with open(text, "w") as file:
        file.write(bench(u, header, head, taken))
    program = os.path.join(folder, u.name + ".vvp")
    run(["iverilog", "-g2012", "-s", "bench", *[word for folder in sources for word in ("-y", folder)], "-Y.sv", "-o", program, text])
    output = run(["vvp", "-n", program])
    found = re.search(r"^result (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if not found:
        raise RuntimeError(f"Icarus gave no result for {u.name}: {output[-500:]}")
    return tuple(int(group) for group in found.groups())
