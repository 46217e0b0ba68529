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
    generate
        if (LANES < 1 || LANES > 1024) begin : refused
`ifdef __ICARUS__
            LANES_1_to_1024 out_of_range ();
`else
            $error("mac_aligned: LANES has to be 1 to 1024");
`endif
        end
    endgenerate

    localparam integer MAGNITUDE_BITS = 42 + $clog2(LANES + 1);
    localparam integer COUNT_BITS = $clog2(MAGNITUDE_BITS);

    logic [LANES-1:0] lane_nan, lane_infinite, lane_sign, lane_nonzero;
    logic [8*LANES-1:0] fields;  // exponents in FP32's excess 127, so that they compare without a sign
    logic [42*LANES-1:0] terms;
    logic [7:0] largest;
    logic [41:0] kept;  // ones in the bits that are kept: 2 integer bits and F fraction bits
    assign kept = {42{1'b1}} << (6'd40 - settings[5:0]);

    genvar i;
    generate
        for (i = 0; i < LANES; i = i + 1) begin : lane
            logic [7:0] exponent, distance;
            logic [9:0] significand;
            fp8_multiplier multiplier (
                .a(a[8*i+:8]), .a_format(a_format), .b(b[8*i+:8]), .b_format(b_format), .nan(lane_nan[i]),
                .infinite(lane_infinite[i]), .sign(lane_sign[i]), .exponent(exponent), .significand(significand)
            );
            assign lane_nonzero[i] = |significand;
            assign fields[8*i+:8] = exponent + 8'd127;
            assign distance = largest - fields[8*i+:8];
            assign terms[42*i+:42] = distance > 8'd41 ? 42'd0 : ({significand, 32'b0} >> distance[5:0]) & kept;
        end
    endgenerate

    logic c_normal, c_special;
    logic [7:0] c_field;
    assign c_normal = |c[30:23];
    assign c_special = &c[30:23];
    assign c_field = {c[30:24], c[23] | !c_normal};

    // The largest exponent. Where c is zero its own is the smallest of FP32, which is below any product's.
    function automatic logic [7:0] maximum(
        input logic [7:0] field, input logic [8*LANES-1:0] others, input logic [LANES-1:0] nonzero
    );
        maximum = field;
        for (integer k = 0; k < LANES; k = k + 1) begin
            if (nonzero[k] && others[8*k+:8] > maximum) maximum = others[8*k+:8];
        end
    endfunction
    assign largest = maximum(c_field, fields, lane_nonzero);

    // c's term, then the sum; a zero's term is 0 wherever it moves.
    logic [7:0] c_distance;
    logic [41:0] c_term;
    assign c_distance = largest - c_field;
    assign c_term = c_distance > 8'd41 ? 42'd0 : ({1'b0, c_normal, c[22:0], 17'b0} >> c_distance[5:0]) & kept;

    function automatic logic [MAGNITUDE_BITS:0] add(
        input logic [42*(LANES+1)-1:0] magnitudes, input logic [LANES:0] negative
    );
        add = {(MAGNITUDE_BITS + 1) {1'b0}};
        for (integer k = 0; k <= LANES; k = k + 1) begin
            if (negative[k]) add = add - {{(MAGNITUDE_BITS - 41) {1'b0}}, magnitudes[42*k+:42]};
            else add = add + {{(MAGNITUDE_BITS - 41) {1'b0}}, magnitudes[42*k+:42]};
        end
    endfunction
    logic [MAGNITUDE_BITS:0] total;
    assign total = add({c_term, terms}, {c[31], lane_sign});

    logic [MAGNITUDE_BITS:0] magnitude;
    logic [MAGNITUDE_BITS-1:0] normalized;
    logic [COUNT_BITS-1:0] zeros;
    assign magnitude = total[MAGNITUDE_BITS] ? -total : total;
    mac_normalizer #(.WIDTH(MAGNITUDE_BITS)) normalizer (
        .value(magnitude[MAGNITUDE_BITS-1:0]), .normalized(normalized), .count(zeros)
    );

    // Field and fraction toward zero; bit 40 of the magnitude is 2^E.
    localparam integer ABOVE = MAGNITUDE_BITS - 1 - 40;
    logic [7:0] field;
    logic [22:0] output_fraction, c_fraction;
    assign field = largest + ABOVE[7:0] - {{(8 - COUNT_BITS) {1'b0}}, zeros};
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
        else sum = {total[MAGNITUDE_BITS], field, normalized[MAGNITUDE_BITS-2-:23] & output_fraction};
    end

    /* verilator lint_off UNUSED */
    logic unused;  // a sign that is 0, and bits that are cut
    assign unused = &{settings[7], magnitude[MAGNITUDE_BITS], normalized};
    /* verilator lint_on UNUSED */
endmodule
