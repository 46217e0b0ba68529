"""cocotb 1.9: the shift register galois_lfsr beside the emulator, cycle by cycle."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

import zeroth


@cocotb.test()
async def steps_as_the_emulator_does(dut):
    emulator = zeroth.load()
    rng = random.Random(cocotb.RANDOM_SEED)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    mask = 0x80000EA6
    dut.reset.value, dut.load.value, dut.enable.value, dut.mask.value, dut.state_in.value = 1, 0, 0, mask, 0
    for _ in range(2):
        await FallingEdge(dut.clk)
    dut.reset.value = 0
    state = None
    for cycle in range(2000):
        load, enable, value = cycle == 0 or rng.random() < 0.02, rng.random() < 0.9, rng.randrange(1, 1 << 32)
        dut.load.value, dut.enable.value, dut.state_in.value = int(load), int(enable), value
        await FallingEdge(dut.clk)
        if load:
            state = value
        elif enable:
            state = emulator.lfsr(32, mask, state, int(dut.STEPS.value))
        assert dut.state.value.integer == state, f"cycle {cycle}: {dut.state.value} instead of {state:032b}"
