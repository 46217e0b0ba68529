// fp8_multiplier: the exact product of two codes of FP8, FP6 or FP4 formats, unpacked and not normalized (semantics
// 2.5, and 8.4 for the exponent). Combinational.
//
//   a, b                the codes
//   a_format, b_format  0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2, each its own
//   nan                 a factor is a NaN, or the product is 0 times an infinity; all other outputs are then 0
//   infinite            the product is an infinity of the given sign; exponent and significand are then 0
//   sign                that of the factors, also where the product is a zero
//   exponent            the sum of the factors' exponents, two's complement, -28...30
//   significand         xx.xxxxxxxx: |product| = significand * 2^(exponent - 8); 0 where the product is a zero
module fp8_multiplier (
    input  logic [7:0] a,
    input  logic [3:0] a_format,
    input  logic [7:0] b,
    input  logic [3:0] b_format,
    output logic       nan,
    output logic       infinite,
    output logic       sign,
    output logic [7:0] exponent,
    output logic [9:0] significand
);
    logic a_nan, a_infinite, a_sign, b_nan, b_infinite, b_sign;
    logic [5:0] a_exponent, b_exponent;
    logic [4:0] a_significand, b_significand;

    mac_fp8_unpack unpack_a (
        .code(a), .format(a_format), .nan(a_nan), .infinite(a_infinite), .sign(a_sign), .exponent(a_exponent),
        .significand(a_significand)
    );
    mac_fp8_unpack unpack_b (
        .code(b), .format(b_format), .nan(b_nan), .infinite(b_infinite), .sign(b_sign), .exponent(b_exponent),
        .significand(b_significand)
    );

    logic a_zero, b_zero, special;
    assign a_zero = a_significand == 5'd0;
    assign b_zero = b_significand == 5'd0;
    assign special = a_nan || b_nan || a_infinite || b_infinite;

    assign nan = a_nan || b_nan || (a_infinite && b_zero) || (a_zero && b_infinite);
    assign infinite = special && !nan;
    assign sign = (a_sign ^ b_sign) && !nan;
    assign exponent = special ? 8'd0 : {{2{a_exponent[5]}}, a_exponent} + {{2{b_exponent[5]}}, b_exponent};
    assign significand = special ? 10'd0 : {5'b0, a_significand} * {5'b0, b_significand};
endmodule
