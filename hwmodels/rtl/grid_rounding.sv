// A perturbation in grid steps (docs/semantics.md, section 10): d = (u * c_d + R) >> 16. Combinational.
//
//   u            perturbation code, two's complement
//   multiplier   c_d, 0 < c_d < 2^24
//   random       R, the 16-bit draw of purpose 3
//   d            two's complement. |u| <= 127 gives |d| <= 32512; 16 bits hold it for u = -128, too
module grid_rounding (
    input  logic [7:0]  u,
    input  logic [23:0] multiplier,
    input  logic [15:0] random,
    output logic [15:0] d
);
    logic signed [31:0] factor;
    logic signed [31:0] wide_u;
    logic signed [31:0] sum;
    logic               unused_bits;

    assign factor = {8'd0, multiplier};
    assign wide_u = {{24{u[7]}}, u};
    assign sum = wide_u * factor + $signed({16'd0, random});
    assign d = sum[31:16];
    assign unused_bits = &{1'b0, sum[15:0]};
endmodule
