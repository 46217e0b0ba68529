// mac_float_rounder: a normalized number rounded to FP32, overflow `ieee` (semantics 6.1, 6.2). Combinational.
//
// For sums that are never subnormal: the exponent is -126 or more.
//
//   sign         of the number
//   exponent     that of the leading one, two's complement, -126...255
//   significand  24 bits, the leading one on top
//   guard        the bit below the significand
//   sticky       a bit below the guard is set
//   rounding     0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd; others are taken for 0
//   code         the FP32 number
module mac_float_rounder (
    input  logic        sign,
    input  logic [9:0]  exponent,
    input  logic [23:0] significand,
    input  logic        guard,
    input  logic        sticky,
    input  logic [3:0]  rounding,
    output logic [31:0] code
);
    logic inexact, increments, overflow_to_largest;
    assign inexact = guard || sticky;
    always_comb begin
        case (rounding)
            4'd1: increments = guard;
            4'd2: increments = 1'b0;
            4'd3: increments = inexact && sign;
            4'd4: increments = inexact && !sign;
            4'd5: increments = inexact && !significand[0];
            default: increments = guard && (sticky || significand[0]);
        endcase
        case (rounding)
            4'd2, 4'd5: overflow_to_largest = 1'b1;
            4'd3: overflow_to_largest = !sign;
            4'd4: overflow_to_largest = sign;
            default: overflow_to_largest = 1'b0;
        endcase
    end

    // Field and fraction in one: a carry out of the fraction moves into the field. The leading one is a step of the
    // field, so the field below it is one less, exponent + 126.
    logic [9:0] field_below;
    logic [32:0] magnitude;
    assign field_below = exponent + 10'd126;
    assign magnitude = {field_below, 23'b0} + {9'b0, significand} + {32'b0, increments};
    assign code = magnitude < {2'b00, 8'hFF, 23'b0} ? {sign, magnitude[30:0]}
        : overflow_to_largest ? {sign, 31'h7F7FFFFF} : {sign, 31'h7F800000};
endmodule
