// clamp(rne(a), 127): an FP32 number as a symmetric INT8 code (docs/semantics.md, section 8.5). NaN gives 0, infinities
// give +-127; -128 is never given.
//
// Combinational.
module fp32_to_int8 (
    input  logic [31:0] a,
    output logic [7:0]  code
);
    logic        sign, nan, zero_unused, infinite_unused, signaling_unused;
    logic [7:0]  exponent;
    logic [23:0] significand;
    fp32_unpacker unpack (
        .code(a), .sign(sign), .exponent(exponent), .significand(significand), .zero(zero_unused),
        .infinite(infinite_unused), .nan(nan), .signaling(signaling_unused)
    );

    // From 2^7 (exponent field 134) on the code is +-127. Below, the number is the significand, with its top bit worth
    // 2^6 and so 17 bits behind the point, shifted right by 133 - exponent; one more place holds what is shifted out.
    logic        beyond;
    logic [24:0] fixed;
    sticky_shifter #(.WIDTH(25), .AMOUNT(8)) shift (
        .value({significand, 1'b0}), .amount(8'd133 - exponent), .shifted(fixed)
    );
    assign beyond = exponent >= 8'd134;

    logic       up, keeps_finite_unused;
    logic [7:0] rounded, magnitude;
    deterministic_rounding decision (
        .rounding(4'd0), .sign(sign), .odd(fixed[18]), .half(fixed[17]), .sticky(fixed[16:0] != 17'd0),
        .up(up), .keeps_finite(keeps_finite_unused)
    );
    assign rounded = {1'b0, fixed[24:18]} + {7'd0, up};
    assign magnitude = beyond || rounded[7] ? 8'd127 : rounded;
    assign code = nan ? 8'd0 : sign ? ~magnitude + 8'd1 : magnitude;
endmodule
