// The parts of an FP32 code (docs/semantics.md, sections 2.2 and 2.3).
//
// exponent     the exponent field; 1 for subnormal numbers and zeros, whose last place is that of the smallest normal
// significand  with the hidden bit on top: the number is significand * 2^(exponent - 150)
// signaling    a NaN whose quiet bit is 0
//
// Combinational.
module fp32_unpacker (
    input  logic [31:0] code,
    output logic        sign,
    output logic [7:0]  exponent,
    output logic [23:0] significand,
    output logic        zero,
    output logic        infinite,
    output logic        nan,
    output logic        signaling
);
    logic normal, top;

    assign normal = code[30:23] != 8'd0;
    assign top = code[30:23] == 8'hff;
    assign sign = code[31];
    assign exponent = normal ? code[30:23] : 8'd1;
    assign significand = {normal, code[22:0]};
    assign zero = code[30:0] == 31'd0;
    assign infinite = top && code[22:0] == 23'd0;
    assign nan = top && code[22:0] != 23'd0;
    assign signaling = nan && !code[22];
endmodule
