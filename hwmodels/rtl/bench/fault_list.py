"""Faults for hwmodels/rtl/faults: what a line reads, what it reads with the fault, and the row of the check that has to see it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    what: str
    file: str
    right: str
    wrong: str
    row: str
    arguments: tuple = ()


FAULTS = [
    Fault("one register bit keeps its value when a row of taps is 0", "galois_lfsr.sv", "(after_steps[0] ? taps : {WIDTH{1'b0}})",
          "(after_steps[0] ? taps & ~(1 << 1) : {WIDTH{1'b0}})", "galois_lfsr"),
    Fault("one step too few a draw", "galois_lfsr.sv", "i < STEPS", "i < STEPS - 1", "galois_lfsr_16"),
    Fault("a wrong multiplier digit", "philox_round.sv", "64'hCD9E8D57", "64'hCD9E8D53", "philox"),
    Fault("the round keys of the two words exchanged", "philox_round.sv", "product2[63:32] ^ block[63:32] ^ key[31:0]",
          "product2[63:32] ^ block[63:32] ^ key[63:32]", "philox"),
    Fault("nearest rounds ties up, not to even", "fp32_rounder.sv", ".rounding(rounding), .sign(sign), .odd(significand[3])",
          ".rounding(rounding), .sign(sign), .odd(1'b1)", "fp32_adder"),
    Fault("a carry out of the fraction is lost", "fp32_rounder.sv", "{9'd0, significand[26:3]} + {32'd0, up}",
          "{9'd0, significand[26:3]} + {32'd0, up && significand[25:3] != 23'h7fffff}", "fp32_multiplier"),
    Fault("the sticky bit of alignment is dropped after a carry", "fp32_adder.sv", "{sum[27:2], sum[1] | sum[0]}", "sum[27:1]", "fp32_adder"),
    Fault("a zero of opposite terms is -0 rounding up", "fp32_adder.sv", "rounding == 4'd3 : sign", "rounding == 4'd4 : sign", "fp32_adder"),
    Fault("tininess is judged before rounding", "fp32_rounder.sv", "!significand[26] && !(significand[25:2] == {24{1'b1}} && up_unbounded)",
          "!significand[26]", "fp32_multiplier"),
    Fault("stochastic C rounds ties of the random bits' place up", "stochastic_rounding.sv", "(last != 33'd0 || ", "(1'b1 || ", "float_cast"),
    Fault("one random bit too few takes part", "stochastic_rounding.sv", "6'd33 - random_bits", "6'd34 - random_bits", "float_cast"),
    Fault("an infinity saturates under saturate-propagate", "float_cast.sv", "infinite ? overflow != 2'd0", "infinite ? overflow == 2'd2", "float_cast"),
    Fault("a cast judges tininess before rounding", "float_cast.sv", "&& discarded[33] && up_unbounded)", "&& 1'b0 && up_unbounded)", "float_cast"),
    Fault("INT32 loses what lies below half a place", "int32_to_fp32.sv", "normalized[5:0] != 6'd0", "normalized[5]", "int32_to_fp32"),
    Fault("-128 is let through", "fp32_to_int8.sv", "beyond || rounded[7] ? 8'd127", "beyond ? 8'd127 + {7'd0, sign} : rounded[7] ? 8'd127",
          "fp32_to_int8"),
    Fault("the bias skips a cycle", "requantizer.sv", "bias_3 <= bias_2;", "bias_3 <= bias_1;", "requantizer"),
    Fault("valid comes a cycle early", "requantizer.sv", "assign valid_out = valid[5];", "assign valid_out = valid[4];", "requantizer"),
    Fault("E4M3's top binade taken for specials", "mac_fp8_unpack.sv", "&code[6:0]", "&code[6:3]", "fp8_multiplier"),
    Fault("subnormal codes get the exponent below", "mac_fp8_unpack.sv", "field[0] | !normal", "field[0]", "mac_sequential"),
    Fault("an aligned term keeps one bit too many", "mac_aligned.sv", "6'd40 - settings[5:0]", "6'd39 - settings[5:0]", "mac_aligned_4"),
    Fault("saturation stops one short at the top", "mac_integer_add.sv", "exact[32] ? upper : ~upper", "exact[32] ? upper : ~upper - 32'd1", "mac_integer"),
    Fault("a packed code's high nibble meets the other's low one", "mac_integer.sv", "packed_codes ? b[8*i+4+:4] : 4'd0",
          "packed_codes ? b[8*i+:4] : 4'd0", "mac_integer_3"),
    Fault("the exact sum forgets an infinity", "exact_round.sv", "else if (minus_infinity) result", "else if (1'b0) result", "exact_round"),
    Fault("the second draw of a block of halves comes first", "philox_draws.sv", "upper ? first_block[127:64] : first_block[63:0]",
          "upper ? first_block[63:0] : first_block[127:64]", "perturbation_unit"),
    Fault("the grid's rounding shares the bits of the code's", "philox_draws.sv", "word3 | 32'h03000000", "word3 | 32'h01000000", "perturbation_unit"),
    Fault("clamped at -128", "perturb.sv", "(sum[15:7] != 9'h1FF || sum[6:0] == 7'd0)", "sum[15:7] != 9'h1FF", "perturb"),
    Fault("the residual's sign is not extended", "weight_update.sv", "{{10{residual_in[7]}}, residual_in[7:0], 8'd0}",
          "{10'd0, residual_in[7:0], 8'd0}", "weight_update"),
    Fault("nearest updates round ties up, not to even", "weight_update.sv", "32'h007FFFFF + {31'd0, product[24]}", "32'h00800000", "weight_update"),
    Fault("one bit of one element's operand is wrong", "systolic_array.sv", "assign a_in = row[r].column[c-1].a;",
          "assign a_in = row[r].column[c-1].a ^ (r == 1 && c == 2 ? 1 : 0);", "array_4x4x1_integer"),
    Fault("orders to insert go down a row a beat, not every other beat", "pe.sv", "{insert_early, insert_late} <= {insert_in, insert_early}",
          "{insert_early, insert_late} <= {insert_in, insert_in}", "array_4x4x1_integer"),
    Fault("the active weight changes a beat late", "pe.sv", "weight = first_in ? waiting : active;", "weight = active;", "array_5x3x2_integer"),
    Fault("an element that takes no part adds to the sum", "pe.sv", "sum <= valid_in ? next_sum : sum_in;", "sum <= next_sum;", "array_3x5x4_aligned"),
    Fault("row 2 enters a beat early", "edge_skew.sv", "shifted[i*WIDTH+:WIDTH];", "shifted[(i==2?i-1:i)*WIDTH+:WIDTH];", "array_4x4x1_integer"),
    Fault("waiting weights are taken a beat early", "array_controller.sv", "loading && load_beat == R - 7'd1", "loading && load_beat == R - 7'd2",
          "array_4x4x1_integer"),
    Fault("short output-stationary folds follow a beat too soon", "array_controller.sv", "if (stream_starts) spacing <= R;",
          "if (stream_starts) spacing <= R - 7'd1;", "array_5x3x2_integer"),
    Fault("a sum that re-enters in the beat it is taken is the old one", "accumulator_column.sv", "else if (take && take_address == enter_address)",
          "else if (1'b0)", "array_3x4x1_sequential"),
    Fault("the first block is added to what the memory held", "accumulator_column.sv", "take_first ? {SUM_BITS{1'b0}} : word", "word",
          "array_4x3x4_grouped"),
    Fault("a tile's sums are taken over those of the tile before", "array_controller.sv", "take_base <= take_base + outputs;",
          "take_base <= take_base;", "array_5x3x2_integer"),
    Fault("a tile goes on with the sums of the tile before", "array_controller.sv", "!blocked && stream_fold != 0;",
          "!blocked && {stream_group, stream_fold} != 0;", "array_4x4x1_integer"),
    Fault("the count of cycles is one short", "array_controller.sv", "if (command_ends_column_last) busy <= 1'b0;",
          "if (command_ends_column_last) begin busy <= 1'b0; cycles <= cycles - 32'd1; end", "array_1x7x1_integer"),
]
