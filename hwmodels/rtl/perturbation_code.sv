// The perturbation code of u (docs/semantics.md, section 5): (t * (2^(b-1) - 1) * 2^7 + R) >> 16. Combinational.
//
// The product is a shift and a subtraction. Its seven lowest bits are zeros, so R's seven lowest bits never carry and
// are left out.
//
//   t        the distribution's integer, |t| < 512, two's complement
//   bits     b: 2, 4 or 8
//   random   R, the 16-bit draw of the first (u1) or second rounding (u2)
//   u        within +-(2^(b-1) - 1), two's complement
module perturbation_code (
    input  logic [9:0]  t,
    input  logic [3:0]  bits,
    input  logic [15:0] random,
    output logic [7:0]  u
);
    logic [16:0] wide;
    logic [16:0] product;
    logic [16:0] sum;
    logic        unused_bits;

    assign wide = {{7{t[9]}}, t};
    // 2^(b-1) * t - t. |t| * 127 < 2^16, so 17 bits hold it; what the shift pushes out is sign.
    assign product = (bits[3] ? wide << 7 : bits[2] ? wide << 3 : wide << 1) - wide;
    assign sum = product + {8'd0, random[15:7]};
    assign u = sum[16:9];
    assign unused_bits = &{1'b0, sum[8:0], random[6:0], bits[1:0]};
endmodule
