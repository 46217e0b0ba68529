// a * b in FP32, rounded once (docs/semantics.md, section 2.5). Subnormal numbers are kept, overflow is `ieee`, NaN
// results are 0x7FC00000.
//
// rounding   0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd
// flags      1 inexact, 2 underflow, 4 overflow, 16 invalid
//
// Combinational.
module fp32_multiplier (
    input  logic [31:0] a,
    input  logic [31:0] b,
    input  logic [3:0]  rounding,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    logic        a_sign, a_zero, a_infinite, a_nan, a_signaling;
    logic [7:0]  a_exponent;
    logic [23:0] a_significand;
    fp32_unpacker unpack_a (
        .code(a), .sign(a_sign), .exponent(a_exponent), .significand(a_significand), .zero(a_zero),
        .infinite(a_infinite), .nan(a_nan), .signaling(a_signaling)
    );
    logic        b_sign, b_zero, b_infinite, b_nan, b_signaling;
    logic [7:0]  b_exponent;
    logic [23:0] b_significand;
    fp32_unpacker unpack_b (
        .code(b), .sign(b_sign), .exponent(b_exponent), .significand(b_significand), .zero(b_zero),
        .infinite(b_infinite), .nan(b_nan), .signaling(b_signaling)
    );

    logic        sign;
    logic [47:0] product;
    assign sign = a_sign ^ b_sign;
    assign product = {24'd0, a_significand} * {24'd0, b_significand};

    // The exponent field that the product has if its top bit is set: -124...382, in two's complement.
    logic signed [9:0] exponent;
    assign exponent = $signed({2'b00, a_exponent}) + $signed({2'b00, b_exponent}) - 10'sd126;

    // Left by the leading zeros, but not below the exponent field 1 of the smallest normal number; right, where the
    // field lies below 1 from the start.
    logic [5:0]        zeros;
    logic signed [9:0] zeros_extended, room;
    logic [5:0]        left;
    logic [7:0]        right;
    logic [47:0]       lowered, normalized;
    logic [8:0]        normalized_exponent;
    leading_zeros #(.WIDTH(48)) search (.value(product), .count(zeros));
    assign zeros_extended = $signed({4'd0, zeros});
    assign room = exponent - 10'sd1;
    assign left = room <= 10'sd0 ? 6'd0 : room < zeros_extended ? room[5:0] : zeros;
    assign right = room < 10'sd0 ? ~room[7:0] + 8'd1 : 8'd0;
    sticky_shifter #(.WIDTH(48), .AMOUNT(8)) lower (.value(product), .amount(right), .shifted(lowered));
    assign normalized = lowered << left;
    assign normalized_exponent = room < 10'sd0 ? 9'd1 : exponent[8:0] - {3'd0, left};

    logic [31:0] rounded;
    logic [4:0]  rounded_flags;
    fp32_rounder round (
        .sign(sign), .exponent(normalized_exponent),
        .significand({normalized[47:22], normalized[21:0] != 22'd0}), .rounding(rounding),
        .result(rounded), .flags(rounded_flags)
    );

    logic nan, infinite, invalid;
    assign invalid = a_signaling || b_signaling || (a_zero && b_infinite) || (a_infinite && b_zero);
    assign nan = a_nan || b_nan || invalid;
    assign infinite = a_infinite || b_infinite;
    assign result = nan ? 32'h7fc00000 : infinite ? {sign, 31'h7f800000} : rounded;
    assign flags = nan || infinite ? {invalid, 4'd0} : rounded_flags;
endmodule
