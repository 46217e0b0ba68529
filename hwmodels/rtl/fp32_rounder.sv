// Rounds a number once to FP32 (docs/semantics.md, sections 6.1 and 2.4; overflow policy `ieee` of section 6.2).
//
// exponent     1...510: the exponent field that the result has if rounding carries nothing into it
// significand  24 bits to keep and three more: half, quarter, and one that stands for all that lies below. The number
//              is significand * 2^(exponent - 153). The top bit is set, but for subnormal numbers (exponent is 1 there)
//              and zero (exponent does not count).
// rounding     0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd
//
// Combinational.
module fp32_rounder (
    input  logic        sign,
    input  logic [8:0]  exponent,
    input  logic [26:0] significand,
    input  logic [3:0]  rounding,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    logic up, keeps_finite, inexact, overflow, tiny, up_unbounded, unused;
    logic [8:0]  field;
    logic [32:0] magnitude;
    logic [30:0] beyond;

    deterministic_rounding decision (
        .rounding(rounding), .sign(sign), .odd(significand[3]), .half(significand[2]),
        .sticky(significand[1:0] != 2'd0), .up(up), .keeps_finite(keeps_finite)
    );

    // The hidden bit adds one to the exponent field, and so does a carry out of the fraction.
    assign field = significand[26] ? exponent - 9'd1 : 9'd0;
    assign magnitude = {1'b0, field, 23'd0} + {9'd0, significand[26:3]} + {32'd0, up};

    // Tininess is judged after rounding as if the exponent had no end: there, a number just below the smallest normal
    // one keeps the bit that is `half` here, and escapes if it is all ones and rounds up.
    deterministic_rounding unbounded (
        .rounding(rounding), .sign(sign), .odd(significand[2]), .half(significand[1]), .sticky(significand[0]),
        .up(up_unbounded), .keeps_finite(unused)
    );
    assign tiny = !significand[26] && !(significand[25:2] == {24{1'b1}} && up_unbounded);

    assign overflow = magnitude >= 33'h7f800000;
    assign inexact = significand[2:0] != 3'd0 || overflow;
    assign beyond = keeps_finite ? 31'h7f7fffff : 31'h7f800000;
    assign result = {sign, overflow ? beyond : magnitude[30:0]};
    assign flags = {2'b00, overflow, inexact && tiny, inexact};
endmodule
