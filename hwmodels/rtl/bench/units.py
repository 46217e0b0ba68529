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
    unit("fp8_multiplier", "products"),
    unit("mac_integer", "products", parameters={"LANES": 1}),
    unit("mac_integer_3", "products", "mac_integer", parameters={"LANES": 3}),
    unit("mac_sequential", "products", parameters={"LANES": 1}),
    *[unit(f"mac_grouped_{n}", "products", "mac_grouped", parameters={"LANES": n}, icarus=n <= 4) for n in (1, 4, 16)],
    *[unit(f"mac_aligned_{n}", "products", "mac_aligned", parameters={"LANES": n}, icarus=n <= 4) for n in (1, 4, 16, 32)],
    unit("grouped_sum", "products", parameters={"LANES": 2}),
    *[unit(f"mac_exact_{n}", "products", "mac_exact", parameters={"LANES": n}) for n in (1, 4)],
    unit("exact_round", "products"),
    unit("add_exact", "products"),
    unit("add_integer", "products"),
    unit("galois_lfsr", "clocked", parameters={"WIDTH": 32, "STEPS": 32, "BITS": 32}),
    unit("galois_lfsr_16", "clocked", "galois_lfsr", parameters={"WIDTH": 16, "STEPS": 16, "BITS": 16}),
    unit("galois_lfsr_8", "clocked", "galois_lfsr", parameters={"WIDTH": 8, "STEPS": 8, "BITS": 8}),
    unit("galois_lfsr_64", "clocked", "galois_lfsr", parameters={"WIDTH": 64, "STEPS": 32, "BITS": 32}),
    unit("galois_lfsr_cvfpu", "clocked", "galois_lfsr", parameters={"WIDTH": 32, "STEPS": 1, "BITS": 12}),
    unit("philox", "clocked", latency=10),
    unit("irwin_hall", "integer"),
    unit("perturbation_code", "integer"),
    unit("grid_rounding", "integer"),
    unit("perturb", "integer"),
    unit("weight_update", "integer"),
    unit("perturbation_unit", "clocked", parameters={"GENERATOR": 0}, latency=13, ties={"load": "1'b0", "lane_states": "384'b0", "mask": "32'b0"}),
]
