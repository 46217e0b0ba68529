// mac_exact: an exact state plus LANES products of FP8, FP6 or FP4 codes (semantics 8.4, exact). Combinational.
//
//   a, b                the codes, lane 0 lowest
//   a_format, b_format  0...6, as in fp8_multiplier
//   settings            not used
//   c, sum              states: [83:0] fixed point in two's complement, unit 2^-32; [84] a NaN was seen (or 0 times an
//                       infinity), [85] +infinity, [86] -infinity; [87] 0
//
// A product is below 2^32, so 2^19 of them fit before the 84 bits wrap. State 0 is the start of a chain. Signs of zeros
// need no place: a chain starts at +0, so a sum of zeros is +0.
module mac_exact #(
    parameter integer LANES = 1
) (
    input  logic [8*LANES-1:0] a,
    input  logic [8*LANES-1:0] b,
    input  logic [3:0]         a_format,
    input  logic [3:0]         b_format,
    input  logic [7:0]         settings,
    input  logic [87:0]        c,
    output logic [87:0]        sum
);
    generate
        if (LANES < 1 || LANES > 1024) begin : refused
`ifdef __ICARUS__
            LANES_1_to_1024 out_of_range ();
`else
            $error("mac_exact: LANES has to be 1 to 1024");
`endif
        end
    endgenerate

    localparam integer SUM_BITS = 65 + $clog2(LANES);

    logic [SUM_BITS-1:0] products;
    logic nan, plus_infinity, minus_infinity, plus_zero, minus_zero, nonzero;
    mac_product_sum #(.LANES(LANES)) product_sum (
        .a(a), .b(b), .a_format(a_format), .b_format(b_format), .sum(products), .nan(nan),
        .plus_infinity(plus_infinity), .minus_infinity(minus_infinity), .plus_zero(plus_zero),
        .minus_zero(minus_zero), .nonzero(nonzero)
    );
    add_exact adder (
        .a(c),
        .b({1'b0, minus_infinity, plus_infinity, nan, {(84 - SUM_BITS) {products[SUM_BITS-1]}}, products}),
        .sum(sum)
    );

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = &{settings, plus_zero, minus_zero, nonzero};  // the pins are those of every accumulator
    /* verilator lint_on UNUSED */
endmodule
