// a + b in FP32, rounded once (docs/semantics.md, section 2.5). Subnormal numbers are kept, overflow is `ieee`, NaN
// results are 0x7FC00000.
//
// rounding   0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd
// flags      1 inexact, 2 underflow (never: a sum below the smallest normal number is exact), 4 overflow, 16 invalid
//
// Combinational.
module fp32_adder (
    input  logic [31:0] a,
    input  logic [31:0] b,
    input  logic [3:0]  rounding,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    // The operand of larger magnitude first; NaNs and infinities sort above numbers.
    logic        swap;
    logic [31:0] first, second;
    assign swap = a[30:0] < b[30:0];
    assign first = swap ? b : a;
    assign second = swap ? a : b;

    logic        sign, nan, infinite, signaling, zero_unused;
    logic [7:0]  exponent;
    logic [23:0] significand;
    fp32_unpacker unpack_first (
        .code(first), .sign(sign), .exponent(exponent), .significand(significand), .zero(zero_unused),
        .infinite(infinite), .nan(nan), .signaling(signaling)
    );
    logic        second_sign, second_nan, second_infinite, second_signaling, second_zero_unused;
    logic [7:0]  second_exponent;
    logic [23:0] second_significand;
    fp32_unpacker unpack_second (
        .code(second), .sign(second_sign), .exponent(second_exponent), .significand(second_significand),
        .zero(second_zero_unused), .infinite(second_infinite), .nan(second_nan), .signaling(second_signaling)
    );

    // Three bits below the last place suffice: where more than one place is lost to the alignment, the difference has
    // at most one leading zero, so half and sticky are left for the rounding.
    logic [26:0] aligned;
    sticky_shifter #(.WIDTH(27), .AMOUNT(8)) align (
        .value({second_significand, 3'd0}), .amount(exponent - second_exponent), .shifted(aligned)
    );

    logic        subtract;
    logic [27:0] sum;
    assign subtract = sign ^ second_sign;
    assign sum = subtract ? {1'b0, significand, 3'd0} - {1'b0, aligned} : {1'b0, significand, 3'd0} + {1'b0, aligned};

    // Normalization: right by one after a carry, left by the leading zeros otherwise, but not below the exponent of the
    // smallest normal number.
    logic [4:0]  zeros;
    logic [7:0]  left;
    logic [8:0]  normalized_exponent;
    logic [26:0] normalized;
    leading_zeros #(.WIDTH(27)) search (.value(sum[26:0]), .count(zeros));
    assign left = exponent > {3'd0, zeros} ? {3'd0, zeros} : exponent - 8'd1;
    assign normalized_exponent = sum[27] ? {1'b0, exponent} + 9'd1 : {1'b0, exponent} - {1'b0, left};
    assign normalized = sum[27] ? {sum[27:2], sum[1] | sum[0]} : sum[26:0] << left;

    // A sum that is zero keeps the sign that its terms share; otherwise it is -0 only when rounding down.
    logic        sum_sign;
    logic [31:0] rounded;
    logic [4:0]  rounded_flags;
    assign sum_sign = sum == 28'd0 && subtract ? rounding == 4'd3 : sign;
    fp32_rounder round (
        .sign(sum_sign), .exponent(normalized_exponent), .significand(normalized), .rounding(rounding),
        .result(rounded), .flags(rounded_flags)
    );

    logic invalid;
    assign invalid = signaling || second_signaling || (infinite && second_infinite && subtract);
    assign result = nan || second_nan || invalid ? 32'h7fc00000 : infinite ? first : rounded;
    assign flags = nan || infinite ? {invalid, 4'd0} : rounded_flags;
endmodule
