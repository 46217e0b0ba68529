"""What hwmodels/rtl/check runs: units of `zeroth vectors`, the modules and parameters they are, and how they are grouped into Verilator builds."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unit:
    """One row of the table: a module with parameters, and where its vectors come from."""

    name: str                   # as `zeroth vectors --list` has it
    module: str
    group: str                  # units of a group share one Verilator build
    parameters: dict = field(default_factory=dict)
    latency: int = 0            # cycles from valid_in to valid_out, of pipelined units
    ties: dict = field(default_factory=dict)  # inputs that the vectors leave alone, and what they are tied to
    icarus: bool = True
    exhaustive: int = 0         # vectors that hold every input, where a few more than 10^6 do


def unit(name, group, module=None, **rest):
    return Unit(name, module or name, group, **rest)


UNITS = [
    unit("float_widen", "float"),
    unit("float_cast", "float"),
    unit("fp32_adder", "float"),
    unit("fp32_multiplier", "float"),
    unit("int32_to_fp32", "float"),
    unit("fp32_to_int8", "float"),
    unit("requantizer", "clocked", latency=6),
    unit("fp8_fma", "float"),
    unit("fp8_multiplier", "products", exhaustive=1168 * 1168),
    unit("mac_integer", "products", parameters={"LANES": 1}),
    unit("mac_integer_3", "products", "mac_integer", parameters={"LANES": 3}),
    unit("mac_sequential", "products", parameters={"LANES": 1}),
    *[unit(f"mac_grouped_{n}", "lanes", "mac_grouped", parameters={"LANES": n}, icarus=n <= 4) for n in (1, 4, 16)],
    *[unit(f"mac_aligned_{n}", "lanes", "mac_aligned", parameters={"LANES": n}, icarus=n <= 4) for n in (1, 4, 16, 32)],
    unit("grouped_sum", "products", parameters={"LANES": 2}),
    *[unit(f"mac_exact_{n}", "lanes", "mac_exact", parameters={"LANES": n}) for n in (1, 4)],
    unit("exact_round", "products"),
    unit("add_exact", "products"),
    unit("add_integer", "products"),
    unit("galois_lfsr", "clocked", parameters={"WIDTH": 32, "STEPS": 32, "BITS": 32}),
    unit("galois_lfsr_16", "clocked", "galois_lfsr", parameters={"WIDTH": 16, "STEPS": 16, "BITS": 16}),
    unit("galois_lfsr_8", "clocked", "galois_lfsr", parameters={"WIDTH": 8, "STEPS": 8, "BITS": 8}),
    unit("galois_lfsr_64", "clocked", "galois_lfsr", parameters={"WIDTH": 64, "STEPS": 32, "BITS": 32}),
    unit("galois_lfsr_cvfpu", "clocked", "galois_lfsr", parameters={"WIDTH": 32, "STEPS": 1, "BITS": 12, "COMPLEMENT": 1}),
    *[unit(name, "clocked", "pool_address", parameters={"WORDS": words}) for name, words in (("pool_address", 64), ("pool_address_4096", 4096))],
    unit("philox", "clocked", latency=10),
    unit("irwin_hall", "float"),
    unit("symmetric_uniform", "float"),
    unit("perturbation_code", "float"),
    unit("grid_rounding", "float"),
    unit("perturb", "float"),
    unit("weight_update", "float"),
    *[unit("perturbation_unit" + name, "clocked", "perturbation_unit", parameters={"GENERATOR": 0, "WEIGHTS": weights}, latency=13,
           ties={"load": "1'b0", "lane_states": f"{96 * weights}'b0", "mask": "32'b0"}) for name, weights in (("", 4), ("_8", 8))],
    *[unit("perturbation_unit_lfsr" + name, "clocked", "perturbation_unit", parameters={"GENERATOR": 1, "WEIGHTS": weights}, latency=3,
           ties={"first_element": "48'b0", "key": "64'b0", "step": "32'b0", "query": "16'b0", "tensor": "16'b0"})
      for name, weights in (("", 4), ("_8", 8))],
]


@dataclass(frozen=True)
class Array:
    """An array that is built, and its tiles."""

    rows: int
    columns: int
    lanes: int
    sums: str
    full: bool = False  # only with --full

    KINDS = ("integer", "sequential", "grouped", "aligned", "exact")

    @property
    def name(self):
        return f"array_{self.rows}x{self.columns}x{self.lanes}_{self.sums}"

    @property
    def kind(self):
        return self.KINDS.index(self.sums)


ARRAYS = [
    Array(4, 4, 1, "integer"), Array(9, 3, 2, "integer"), Array(1, 7, 1, "integer"), Array(3, 4, 1, "sequential"),
    Array(4, 3, 4, "grouped"), Array(3, 5, 4, "aligned"), Array(3, 3, 2, "exact"),
    *[Array(*shape, full=True) for shape in (
        (1, 1, 1, "integer"), (7, 1, 1, "integer"), (8, 8, 1, "integer"), (16, 16, 1, "integer"), (2, 9, 4, "integer"), (1, 1, 1, "sequential"),
        (8, 8, 1, "sequential"), (5, 2, 1, "grouped"), (2, 2, 16, "grouped"), (8, 4, 1, "aligned"), (2, 3, 32, "aligned"), (1, 5, 1, "exact"),
        (6, 4, 4, "exact"))],
]
