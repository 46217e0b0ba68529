// mac_sequential: fl(c + a*b), a fused multiply-add of FP8, FP6 or FP4 codes into FP32 (semantics 8.4,
// fp32-sequential). Combinational.
//
//   a, b                one code each (LANES is 1)
//   a_format, b_format  0...6, as in fp8_multiplier
//   settings            not used
//   c                   any FP32 number
//   sum                 the FP32 sum, nearest-even, overflow `ieee`, NaN 0x7FC00000
//
// A product has at most 10 significant bits and is 2^-32 or more if it is not 0: it is a normal FP32 number, and what
// is left is an FP32 addition in which a sum with a product other than 0 is never subnormal. Three bits below the last
// place, the last of them jammed, are enough: with exponents 2 or more apart at most one leading bit cancels, with less
// nothing falls out.
module mac_sequential #(
    parameter integer LANES = 1
) (
    input  logic [8*LANES-1:0] a,
    input  logic [8*LANES-1:0] b,
    input  logic [3:0]         a_format,
    input  logic [3:0]         b_format,
    input  logic [7:0]         settings,
    input  logic [31:0]        c,
    output logic [31:0]        sum
);
    generate
        if (LANES != 1) begin : refused
`ifdef __ICARUS__
            LANES_1 out_of_range ();
`else
            $error("mac_sequential: LANES has to be 1");
`endif
        end
    endgenerate

    logic nan, infinite, sign;
    logic [7:0] exponent;
    logic [9:0] significand, normalized;
    logic [3:0] product_zeros;
    fp8_multiplier multiplier (
        .a(a), .a_format(a_format), .b(b), .b_format(b_format), .nan(nan), .infinite(infinite), .sign(sign),
        .exponent(exponent), .significand(significand)
    );
    mac_normalizer #(.WIDTH(10)) product_normalizer (
        .value(significand), .normalized(normalized), .count(product_zeros)
    );

    // Both terms as exponent of the field, in FP32's excess 127, and 24 significant bits.
    logic [7:0] p_field, c_field;
    logic [23:0] p_significand, c_significand;
    logic c_special;
    assign c_special = &c[30:23];
    assign p_field = exponent + 8'd128 - {4'b0, product_zeros};
    assign p_significand = {normalized, 14'b0};
    assign c_field = {c[30:24], c[23] | !(|c[30:23])};
    assign c_significand = {|c[30:23], c[22:0]};

    // The term of the larger magnitude stays, the other moves to the right.
    logic c_larger, larger_sign, smaller_sign;
    logic [7:0] larger_field, smaller_field, distance;
    logic [23:0] larger, smaller;
    assign c_larger = {c_field, c_significand} > {p_field, p_significand};
    assign {larger_sign, larger_field, larger}
        = c_larger ? {c[31], c_field, c_significand} : {sign, p_field, p_significand};
    assign {smaller_sign, smaller_field, smaller}
        = c_larger ? {sign, p_field, p_significand} : {c[31], c_field, c_significand};
    assign distance = larger_field - smaller_field;

    logic [50:0] placed;  // 24 bits, the 3 below, and 24 to which bits fall
    logic [27:0] smaller_term, total, total_normalized;
    logic [4:0] zeros;
    assign placed = {smaller, 27'b0} >> (distance > 8'd27 ? 5'd27 : distance[4:0]);
    assign smaller_term = {1'b0, placed[50:25], |placed[24:0]};
    assign total = {1'b0, larger, 3'b0} + (larger_sign == smaller_sign ? smaller_term : -smaller_term);
    mac_normalizer #(.WIDTH(28)) total_normalizer (
        .value(total), .normalized(total_normalized), .count(zeros)
    );

    logic [31:0] rounded;
    logic [9:0] total_exponent;
    assign total_exponent = {2'b0, larger_field} - 10'd126 - {5'b0, zeros};
    mac_float_rounder rounder (
        .sign(larger_sign), .exponent(total_exponent), .significand(total_normalized[27:4]),
        .guard(total_normalized[3]), .sticky(|total_normalized[2:0]), .rounding(4'd0), .code(rounded)
    );

    always_comb begin
        if (nan || (c_special && |c[22:0]) || (infinite && c_special && sign != c[31])) sum = 32'h7FC00000;
        else if (infinite) sum = {sign, 31'h7F800000};
        else if (c_special) sum = c;
        else if (significand == 10'd0) sum = c[30:0] == 31'd0 ? {sign && c[31], 31'b0} : c;
        else if (total == 28'd0) sum = 32'd0;
        else sum = rounded;
    end

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = &settings;  // the pins are those of every accumulator
    /* verilator lint_on UNUSED */
endmodule
