// exact_round: an exact state as an FP32 number, rounded once, nearest-even (semantics 8.4, exact). Combinational.
//
//   state   as in mac_exact
//   result  the FP32 number: NaN 0x7FC00000 where a NaN or infinities of both signs were seen; zero is +0
//
// The fixed point spans 2^-32...2^51, all of it normal FP32 numbers.
module exact_round (
    input  logic [87:0] state,
    output logic [31:0] result
);
    logic [83:0] magnitude, normalized;
    logic [6:0] zeros;
    logic [9:0] exponent;
    logic [31:0] rounded;
    assign magnitude = state[83] ? -state[83:0] : state[83:0];
    mac_normalizer #(.WIDTH(84)) normalizer (.value(magnitude), .normalized(normalized), .count(zeros));
    assign exponent = 10'd51 - {3'b0, zeros};
    mac_float_rounder rounder (
        .sign(state[83]), .exponent(exponent), .significand(normalized[83:60]), .guard(normalized[59]),
        .sticky(|normalized[58:0]), .rounding(4'd0), .code(rounded)
    );

    logic nan, plus_infinity, minus_infinity;
    assign {minus_infinity, plus_infinity, nan} = state[86:84];
    always_comb begin
        if (nan || (plus_infinity && minus_infinity)) result = 32'h7FC00000;
        else if (plus_infinity) result = 32'h7F800000;
        else if (minus_infinity) result = 32'hFF800000;
        else if (state[83:0] == 84'd0) result = 32'd0;
        else result = rounded;
    end

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = state[87];  // a state's spare bit
    /* verilator lint_on UNUSED */
endmodule
