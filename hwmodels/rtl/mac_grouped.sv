// mac_grouped: fl(c + the sum of LANES products of FP8, FP6 or FP4 codes), the sum exact (semantics 8.4, grouped:G).
// Combinational.
//
//   a, b                the codes, lane 0 lowest
//   a_format, b_format  0...6, as in fp8_multiplier
//   settings            not used
//   c                   any FP32 number
//   sum                 the FP32 sum, nearest-even, overflow `ieee`, NaN 0x7FC00000
module mac_grouped #(
    parameter integer LANES = 1
) (
    input  logic [8*LANES-1:0] a,
    input  logic [8*LANES-1:0] b,
    input  logic [3:0]         a_format,
    input  logic [3:0]         b_format,
    input  logic [7:0]         settings,
    input  logic [31:0]        c,
    output logic [31:0]        sum
);
    grouped_sum #(.LANES(LANES)) core (
        .a(a), .b(b), .a_format(a_format), .b_format(b_format), .settings(settings), .rounding(4'd0), .c(c), .sum(sum)
    );
endmodule
