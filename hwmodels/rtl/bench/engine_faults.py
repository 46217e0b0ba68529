"""Faults in the tile engine for hwmodels/rtl/faults: what a line reads, what it reads with the fault, the row that has to see it, and where `zeroth
compare` has to say that the first difference is: in an event of which kind, in which lanes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineFault:
    what: str
    file: str
    right: str
    wrong: str
    row: str
    event: str                 # of the first difference, in the order in which commands are issued; a|b: a tile that is written over may be read first
    lanes: tuple = ()          # (modulus, remainder) of the first lane that differs, or of its row where the array's columns are rows, where the fault is in one
    timing: bool = False       # it changes cycles and no bit


INTEGER = "engine_4x4x1_integer"
PACKED = "engine_3x5x2_integer"

ENGINE_FAULTS = [
    EngineFault("bytes of a load are not moved to their places", "engine_dma.sv", "write_data = response_data >> {tag_low, 3'd0};",
                "write_data = response_data;", INTEGER, "load"),
    EngineFault("a tile's bytes leave gaps where a run ends within a beat", "engine_dma.sv", "kept_tile <= tile + {16'd0, count};",
                "kept_tile <= tile + {16'd0, beat_bytes};", INTEGER, "load|vector"),
    EngineFault("the last byte of a beat is not stored", "engine_dma.sv", "i[7:0] >= low && i[7:0] < low + count;",
                "i[7:0] >= low && i[7:0] < low + count - 8'd1;", INTEGER, "store"),
    EngineFault("runs follow each other a byte too close", "engine_dma.sv", "next_start = run_start + pitch;",
                "next_start = run_start + pitch - 32'd1;", INTEGER, "load|store"),
    EngineFault("a transfer ends with its bytes, not with its burst", "engine_dma.sv",
                "covered_end = (run_end + {16'd0, burst_bytes} - 32'd1) & burst_mask;",
                "covered_end = (run_end + {24'd0, beat_bytes} - 32'd1) & ~{24'd0, beat_bytes - 8'd1};", INTEGER, "load", timing=True),
    EngineFault("nibbles of a byte exchanged", "engine_edge.sv", "k[0] ? read[7:4] : read[3:0]", "k[0] ? read[3:0] : read[7:4]", PACKED, "matmul"),
    EngineFault("codes behind the end of k are multiplied", "engine_edge.sv", "row >= rows || k >= depth", "row >= rows || k > depth + 16'd1",
                PACKED, "matmul"),
    EngineFault("weights shift in from the wrong end", "engine_array.sv", "R - 16'd1 - column_beat", "column_beat", INTEGER, "matmul"),
    EngineFault("output-stationary: rows of the next tile begin too early", "engine_array.sv", "lines_end = column_line + C >= column_lines;",
                "lines_end = column_line + C + 16'd1 >= column_lines;", INTEGER, "matmul"),
    EngineFault("sums of earlier k are lost", "array_controller.sv", "accumulate <= accumulate_in;", "accumulate <= 1'b0;", INTEGER, "matmul"),
    EngineFault("sums enter from the other slot", "array_controller.sv", "{stream_fold, stream_group, enter_base} <= {32'd0, first_word_in};",
                "{stream_fold, stream_group, enter_base} <= 48'd0;", INTEGER, "matmul"),
    EngineFault("vector lane 1 has the scale of lane 0's row", "engine_vector.sv", "first_scales + {6'd0, rows[i], 2'd0}",
                "first_scales + {6'd0, i == 1 ? rows[0] : rows[i], 2'd0}", INTEGER, "vector"),
    EngineFault("vector lane 2 has the first column's scale", "engine_vector.sv", "second_scales + {6'd0, columns[i], 2'd0}",
                "second_scales + {6'd0, i == 2 ? columns[0] : columns[i], 2'd0}", INTEGER, "vector"),
    EngineFault("the row's scale is the next row's behind a row's end", "engine_vector.sv",
                "rows[i+1] = columns[i] + 16'd1 == n ? rows[i] + 16'd1 : rows[i];", "rows[i+1] = columns[i] + 16'd2 == n ? rows[i] + 16'd1 : rows[i];",
                INTEGER, "vector"),
    EngineFault("a conversion takes a product's cycles", "engine_vector.sv", "operation == CONVERT ? convert_cycles", "operation == CONVERT ? multiply_cycles",
                INTEGER, "vector", timing=True),
    EngineFault("column 3 of the array reads column 2's sums", "engine_vector.sv", "if (place_in_word == c[15:0]) sum",
                "if (place_in_word == c[15:0] && c != 3 || place_in_word == 16'd3 && c == 2) sum", INTEGER, "vector", lanes=(4, 3)),
    EngineFault("draws of the next row begin where the tile's row ends", "engine_perturbation.sv", "row_start + {24'd0, row_length}",
                "row_start + {32'd0, walk_columns}", INTEGER, "perturb"),
    EngineFault("the grid's draws come a cycle early", "engine_perturbation.sv", ".random(grid_roundings_1[16*i+:16])", ".random(grid_roundings[16*i+:16])",
                INTEGER, "perturb"),
    EngineFault("weight 1 of four has the perturbation of weight 0", "engine_perturbation.sv", ".d(next[16*i+:16])", ".d(next[16*(i==1?0:i)+:16])",
                INTEGER, "perturb", lanes=(4, 1)),
    EngineFault("the array does not wait for weights", "tile_engine.sv", "if (completed_now[k*16+:16] < heads[2][k*16+:16]) array_ready",
                "if (k != 0 && completed_now[k*16+:16] < heads[2][k*16+:16]) array_ready", INTEGER, "matmul"),
    EngineFault("a slot counts as free while its tile is at work", "tile_engine.sv", "if (completed[k*16+:16] < heads[u][k*16+:16]) ready[u] = 1'b0;",
                "if (!(u == 0 && k == 4) && completed[k*16+:16] < heads[u][k*16+:16]) ready[u] = 1'b0;", INTEGER, "matmul"),
    EngineFault("a port serves a command a cycle too long", "engine_port.sv", "assign ends = begins ? cycles == 16'd1 : serves && left == 16'd1;",
                "assign ends = begins ? 1'b0 : serves && left == (cycles == 16'd1 ? 16'd0 : 16'd1);", INTEGER, "matmul", timing=True),
]
