// a * b + c, rounded once: an FP8 product and an addend of any format to a result of any format (docs/semantics.md,
// section 2.5). Overflow is `ieee`, subnormal numbers are kept, NaN results are the canonical one.
//
// format          of a and b, 8 bits or less: 0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2
// c_format        of c: the same, 7 bf16, 8 fp16, 9 fp32, 10 e8m0
// result_format   of the result: as c_format
// rounding        0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd
// flags           1 inexact, 2 underflow (judged on the result's format), 4 overflow, 16 invalid
//
// The product is exact in FP32. The sum is rounded to odd in FP32, whose 24 bits are at least two more than those of
// the result, so rounding it again rounds the exact sum once; an FP32 result is rounded as asked at once.
// Combinational.
module fp8_fma (
    input  logic [7:0]  a,
    input  logic [7:0]  b,
    input  logic [3:0]  format,
    input  logic [31:0] c,
    input  logic [3:0]  c_format,
    input  logic [3:0]  result_format,
    input  logic [3:0]  rounding,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    logic       nan, infinite, sign;
    logic [7:0] exponent;
    logic [9:0] significand;
    fp8_multiplier multiply (
        .a(a), .a_format(format), .b(b), .b_format(format), .nan(nan), .infinite(infinite), .sign(sign),
        .exponent(exponent), .significand(significand)
    );

    // The multiplier does not say where a NaN comes from. The factors, widened, do: one that is signaling is invalid,
    // and so is a NaN product of factors that are none, 0 * infinity.
    logic [31:0] a_widened, b_widened, c_widened;
    logic [4:0]  a_flags, b_flags, c_flags;
    float_widen widen_a (.code({24'd0, a}), .format(format), .result(a_widened), .flags(a_flags));
    float_widen widen_b (.code({24'd0, b}), .format(format), .result(b_widened), .flags(b_flags));
    float_widen widen_c (.code(c), .format(c_format), .result(c_widened), .flags(c_flags));
    logic zero_times_infinity;
    assign zero_times_infinity = nan && a_widened != 32'h7fc00000 && b_widened != 32'h7fc00000;

    // The product is significand * 2^(exponent - 8) with its top bit worth 2^9: 128 + exponent is FP32's field for it.
    logic [3:0]  zeros;
    logic [9:0]  normalized;
    logic [7:0]  field;
    logic [30:0] finite;
    logic [31:0] product;
    leading_zeros #(.WIDTH(10)) search (.value(significand), .count(zeros));
    assign normalized = significand << zeros;
    assign field = 8'd128 + exponent - {4'd0, zeros};
    assign finite = normalized[9] ? {field, normalized[8:0], 14'd0} : 31'd0;
    assign product = nan ? 32'h7fc00000 : {sign, infinite ? 31'h7f800000 : finite};

    logic        to_fp32;
    logic [31:0] rounded, sum;
    logic [4:0]  sum_flags, cast_flags;
    assign to_fp32 = result_format == 4'd9;
    fp32_adder add (
        .a(product), .b(c_widened), .rounding(to_fp32 ? rounding : 4'd5), .result(rounded), .flags(sum_flags)
    );
    // The adder, rounding to odd, gives a difference that is zero the wrong sign if the result rounds down.
    assign sum = rounded[30:0] == 31'd0 && sign != c_widened[31] ? {rounding == 4'd3, 31'd0} : rounded;

    float_cast cast (
        .a(sum), .format(result_format), .rounding(rounding), .random_bits(6'd1), .random(32'd0), .overflow(2'd2),
        .flush_inputs(1'b0), .flush_outputs(1'b0), .code(result), .flags(cast_flags)
    );
    // What the sum, rounded to odd, is inexact about, the cast is inexact about, too, and no such sum overflows.
    assign flags = a_flags | b_flags | c_flags | {zero_times_infinity, 4'd0}
        | (to_fp32 ? sum_flags : {sum_flags[4], 4'd0}) | cast_flags;
endmodule
