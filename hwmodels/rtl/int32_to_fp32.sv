// float(a): a signed 32-bit integer as FP32, rounded to nearest, ties to even (docs/semantics.md, sections 6.4 and
// 8.5). Exact up to +-2^24.
//
// Combinational.
module int32_to_fp32 (
    input  logic [31:0] a,
    output logic [31:0] result
);
    logic [31:0] magnitude, normalized;
    logic [5:0]  zeros;
    assign magnitude = a[31] ? ~a + 32'd1 : a;
    leading_zeros #(.WIDTH(32)) search (.value(magnitude), .count(zeros));
    assign normalized = magnitude << zeros;

    // 158 is the exponent field of 2^31, the weight of the top bit.
    logic [4:0]  flags_unused;
    fp32_rounder round (
        .sign(a[31]), .exponent(9'd158 - {3'd0, zeros}),
        .significand({normalized[31:6], normalized[5:0] != 6'd0}), .rounding(4'd0),
        .result(result), .flags(flags_unused)
    );
endmodule
