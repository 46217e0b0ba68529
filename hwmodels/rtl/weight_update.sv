// One weight's update (docs/semantics.md, section 10): subtracts p = c_g * u2 in units of 2^-24 grid steps.
// Combinational.
//
// Every mode adds its rounding to p and keeps what stands above its last place; the rest works in units of 2^-16 grid
// steps, where `stochastic` and `nearest` leave zeros below the point.
//
//   k              the weight's INT8 code
//   u2             perturbation code, -127...127
//   multiplier     c_g, |c_g| <= 2^24 - 2^17, two's complement; the sums do not fit beyond
//   random         R, the 16-bit draw of purpose 4
//   mode           0 stochastic, 1 nearest (ties to even), 2 residual-carrying with 8 bits, 3 with 16
//   residual_in    mode 2: the residual e in its low 8 bits; mode 3: in all 16; else ignored
//   code           the new code, -127...127
//   residual_out   the new residual, sign-extended; 0 in modes 0 and 1
module weight_update (
    input  logic [7:0]  k,
    input  logic [7:0]  u2,
    input  logic [25:0] multiplier,
    input  logic [15:0] random,
    input  logic [1:0]  mode,
    input  logic [15:0] residual_in,
    output logic [7:0]  code,
    output logic [15:0] residual_out
);
    logic signed [31:0] factor;
    logic signed [31:0] wide_u;
    logic signed [31:0] product;
    logic [31:0]        addend;
    logic [31:0]        rounded;
    logic [25:0]        step;
    logic [25:0]        residual;
    logic [25:0]        value;
    logic [25:0]        shifted;
    logic signed [9:0]  nearest;
    logic               above;
    logic               below;
    logic               unused_bits;

    assign factor = {{6{multiplier[25]}}, multiplier};
    assign wide_u = {{24{u2[7]}}, u2};
    assign product = wide_u * factor;

    // Stochastic: R below the last place, cut to the bits there. Nearest: half a place less one, and one more where the
    // floor is odd.
    assign addend = mode == 2'd0 ? {8'd0, random, 8'd0}
        : mode == 2'd1 ? 32'h007FFFFF + {31'd0, product[24]}
        : mode == 2'd2 ? {16'd0, random}
        : {24'd0, random[15:8]};
    assign rounded = product + addend;

    // The step in units of 2^-16: bits below the mode's last place are dropped.
    assign step = !mode[1] ? {{2{rounded[31]}}, rounded[31:24], 16'd0}
        : !mode[0] ? {{2{rounded[31]}}, rounded[31:16], 8'd0}
        : {{2{rounded[31]}}, rounded[31:8]};
    assign residual = !mode[1] ? 26'd0
        : !mode[0] ? {{10{residual_in[7]}}, residual_in[7:0], 8'd0}
        : {{10{residual_in[15]}}, residual_in};
    assign value = {{2{k[7]}}, k, 16'd0} + residual - step;

    // The nearest grid point, halves up, and what is left over: in range unless the code is limited, and then at that
    // end of it.
    assign shifted = value + 26'h0008000;
    assign nearest = shifted[25:16];
    assign above = nearest > 10'sd127;
    assign below = nearest < -10'sd127;
    assign code = above ? 8'h7F : below ? 8'h81 : nearest[7:0];
    assign residual_out = !mode[1] ? 16'd0
        : !mode[0] ? (above ? 16'h007F : below ? 16'hFF80 : {{8{value[15]}}, value[15:8]})
        : (above ? 16'h7FFF : below ? 16'h8000 : value[15:0]);
    assign unused_bits = &{1'b0, rounded[7:0], shifted[15:0]};
endmodule
