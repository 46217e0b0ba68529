// mac_aligned: c plus LANES products of FP8, FP6 or FP4 codes, aligned to the largest exponent among them and cut, as
// tensor cores are reported to add (semantics 8.4, aligned:G,F,out). Combinational.
//
//   a, b                the codes, lane 0 lowest
//   a_format, b_format  0...6, as in fp8_multiplier
//   settings            [5:0] F, the fraction bits that are kept, 1...40; [6] output 0 fp32, 1 e8m13
//   c                   any FP32 number
//   sum                 the FP32 sum, rounded toward zero, NaN 0x7FC00000
//
// A term is 42 bits, 40 of them fraction. It moves to the right by its distance from the largest exponent E, then the
// bits below F are masked; cutting at 40 and then at F bits is cutting at F. The sum has no bits below that.
// With a product other than 0, E is -28 or more and the sum, if not 0, 2^-68 or more; with c of exponent 73 or more
// every product is cut to 0 and c stays as it is. So the sum is neither subnormal nor too large; c alone, which may be
// subnormal, does not go through the adder.
module mac_aligned #(
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
`ifndef __ICARUS__  // version 11 has no elaboration-time $error
    generate
        if (LANES < 1 || LANES > 1024) $error("mac_aligned: LANES has to be 1 to 1024");
    endgenerate
`endif

    localparam integer MAGNITUDE_BITS = 42 + $clog2(LANES + 1);
    localparam integer COUNT_BITS = $clog2(MAGNITUDE_BITS);

    logic [LANES-1:0] lane_nan, lane_infinite, lane_sign, lane_nonzero;
    logic [8*LANES-1:0] exponents;
    logic [10*LANES-1:0] significands;
    genvar i;
    generate
        for (i = 0; i < LANES; i = i + 1) begin : lane
            fp8_multiplier multiplier (
                .a(a[8*i+:8]), .a_format(a_format), .b(b[8*i+:8]), .b_format(b_format), .nan(lane_nan[i]),
                .infinite(lane_infinite[i]), .sign(lane_sign[i]), .exponent(exponents[8*i+:8]),
                .significand(significands[10*i+:10])
            );
            assign lane_nonzero[i] = |significands[10*i+:10];
        end
    endgenerate

    logic c_normal, c_special;
    logic [9:0] c_exponent;
    assign c_normal = |c[30:23];
    assign c_special = &c[30:23];
    assign c_exponent = {2'b0, c[30:24], c[23] | !c_normal} - 10'd127;

    // The largest exponent. Where c is zero it is -126 all the same, which is below any product's.
    logic [9:0] largest;
    always_comb begin
        largest = c_exponent;
        if (c[30:0] == 31'd0) largest = -10'd126;
        for (integer k = 0; k < LANES; k = k + 1) begin
            if (lane_nonzero[k] && $signed({{2{exponents[8*k+7]}}, exponents[8*k+:8]}) > $signed(largest))
                largest = {{2{exponents[8*k+7]}}, exponents[8*k+:8]};
        end
    end

    // Ones in the bits that are kept: 2 integer bits and F fraction bits.
    logic [41:0] kept;
    assign kept = {42{1'b1}} << (6'd40 - settings[5:0]);

    function automatic logic [41:0] align(input logic [41:0] significand, input logic [9:0] distance);
        align = distance > 10'd41 ? 42'd0 : significand >> distance[5:0];
    endfunction

    logic [MAGNITUDE_BITS:0] total, term;
    logic [9:0] distance;
    always_comb begin
        distance = largest - c_exponent;
        term = {{(MAGNITUDE_BITS - 41) {1'b0}}, align({1'b0, c_normal, c[22:0], 17'b0}, distance) & kept};
        total = c[31] ? -term : term;
        for (integer k = 0; k < LANES; k = k + 1) begin
            distance = largest - {{2{exponents[8*k+7]}}, exponents[8*k+:8]};
            term = {{(MAGNITUDE_BITS - 41) {1'b0}}, align({significands[10*k+:10], 32'b0}, distance) & kept};
            total = lane_sign[k] ? total - term : total + term;
        end
    end

    logic [MAGNITUDE_BITS:0] magnitude;
    logic [MAGNITUDE_BITS-1:0] normalized;
    logic [COUNT_BITS-1:0] zeros;
    assign magnitude = total[MAGNITUDE_BITS] ? -total : total;
    mac_normalizer #(.WIDTH(MAGNITUDE_BITS)) normalizer (
        .value(magnitude[MAGNITUDE_BITS-1:0]), .normalized(normalized), .count(zeros)
    );

    // Field and fraction toward zero; bit 40 of the magnitude is 2^E.
    localparam integer TOP_FIELD = 127 + MAGNITUDE_BITS - 1 - 40;
    logic [9:0] field;
    logic [22:0] output_fraction, c_fraction;
    assign field = largest + TOP_FIELD[9:0] - {{(10 - COUNT_BITS) {1'b0}}, zeros};
    assign output_fraction = settings[6] ? 23'h7FFC00 : 23'h7FFFFF;
    assign c_fraction = c[22:0] & kept[39:17];

    logic nan, plus_infinity, minus_infinity;
    assign nan = |lane_nan || (c_special && |c[22:0]);
    assign plus_infinity = |(lane_infinite & ~lane_sign) || (c_special && !c[31]);
    assign minus_infinity = |(lane_infinite & lane_sign) || (c_special && c[31]);
    always_comb begin
        if (nan || (plus_infinity && minus_infinity)) sum = 32'h7FC00000;
        else if (plus_infinity) sum = 32'h7F800000;
        else if (minus_infinity) sum = 32'hFF800000;
        else if (!(|lane_nonzero)) begin
            // c alone: what alignment leaves of it. Nothing left is +0; what only the output cuts keeps its sign.
            sum = {c[30:23], c_fraction} == 31'd0 ? 32'd0 : {c[31:23], c_fraction & output_fraction};
        end else if (total == {(MAGNITUDE_BITS + 1) {1'b0}}) sum = 32'd0;
        else sum = {total[MAGNITUDE_BITS], field[7:0], normalized[MAGNITUDE_BITS-2-:23] & output_fraction};
    end

    /* verilator lint_off UNUSED */
    logic unused;  // a sign that is 0, a field that fits, bits that are cut
    assign unused = &{settings[7], magnitude[MAGNITUDE_BITS], field[9:8], normalized};
    /* verilator lint_on UNUSED */
endmodule
