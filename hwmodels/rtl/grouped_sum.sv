// grouped_sum: c plus LANES products of FP8, FP6 or FP4 codes, the sum exact, rounded once to FP32 (semantics 2.5; 8.4,
// grouped:G). Combinational.
//
//   a, b                the codes, lane 0 lowest
//   a_format, b_format  0...6, as in fp8_multiplier
//   settings            not used
//   rounding            0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd
//   c                   any FP32 number
//   sum                 the FP32 sum, overflow `ieee`, NaN 0x7FC00000
//
// The products' sum S is a multiple of 2^-32 below 2^(32 + CARRY). c is added in a window of fixed point whose last
// place is 2^-58; c's place in it is found by a shift to the right from the top, and what falls out sets the last bit
// ("jams"). This is exact in its effect on the one rounding, where S is not 0 (where it is, the result is c itself):
// - c of exponent -34 or less: |c| < 2^-33, so the sum is 2^-33 or more and the last place it keeps 2^-56 or more. The
//   jammed bit stands 2 below that; S being even in units of 2^-58, sum and difference are jammed correctly, too.
// - c of exponent -33...TOP = 58 + CARRY: its last bit is 2^-56 or more. Nothing falls out.
// - c of a larger exponent: c is placed at TOP, and the difference added to the exponent afterwards. |S| is less than
//   2^(TOP - 26), a quarter of the last place of the numbers just below 2^TOP, in which only its sign matters.
// So a sum in the window is never subnormal.
module grouped_sum #(
    parameter integer LANES = 1
) (
    input  logic [8*LANES-1:0] a,
    input  logic [8*LANES-1:0] b,
    input  logic [3:0]         a_format,
    input  logic [3:0]         b_format,
    input  logic [7:0]         settings,
    input  logic [3:0]         rounding,
    input  logic [31:0]        c,
    output logic [31:0]        sum
);
    generate
        if (LANES < 1 || LANES > 1024) begin : refused
`ifdef __ICARUS__
            LANES_1_to_1024 out_of_range ();
`else
            $error("grouped_sum: LANES has to be 1 to 1024");
`endif
        end
    endgenerate

    localparam integer CARRY = $clog2(LANES);
    localparam integer SUM_BITS = 65 + CARRY;
    localparam integer BELOW = 58;
    localparam integer TOP = 58 + CARRY;
    localparam integer WINDOW = TOP + 2 + BELOW;
    localparam integer COUNT_BITS = $clog2(WINDOW);

    logic [SUM_BITS-1:0] products;
    logic nan, plus_infinity, minus_infinity, plus_zero, minus_zero, nonzero;
    mac_product_sum #(.LANES(LANES)) product_sum (
        .a(a), .b(b), .a_format(a_format), .b_format(b_format), .sum(products), .nan(nan),
        .plus_infinity(plus_infinity), .minus_infinity(minus_infinity), .plus_zero(plus_zero),
        .minus_zero(minus_zero), .nonzero(nonzero)
    );

    // c: exponent of its field, significand with the leading bit.
    logic c_normal, c_zero, c_special;
    logic [9:0] c_exponent;
    logic [23:0] c_significand;
    assign c_normal = |c[30:23];
    assign c_zero = c[30:0] == 31'd0;
    assign c_special = &c[30:23];
    assign c_significand = {c_normal, c[22:0]};
    assign c_exponent = {2'b0, c[30:24], c[23] | !c_normal} - 10'd127;

    // How far c lies below TOP (negative: above). At WINDOW - 1 all of it is below the window, and none is lost yet.
    logic [9:0] below_top, distance, excess;
    assign below_top = TOP[9:0] - c_exponent;
    assign distance = below_top[9] ? 10'd0 : below_top >= WINDOW[9:0] ? WINDOW[9:0] - 10'd1 : below_top;
    assign excess = below_top[9] ? -below_top : 10'd0;

    logic [WINDOW+23:0] placed;  // the window, and 24 bits below it to which c's bits fall
    logic [WINDOW:0] c_term, total;
    assign placed = {1'b0, c_significand, {(WINDOW - 1) {1'b0}}} >> distance;
    assign c_term = {1'b0, placed[WINDOW+23:25], |placed[24:0]};
    assign total = {{(WINDOW + 1 - SUM_BITS - (BELOW - 32)) {products[SUM_BITS-1]}}, products, {(BELOW - 32) {1'b0}}}
        + (c[31] ? -c_term : c_term);

    logic [WINDOW:0] magnitude;
    logic [WINDOW-1:0] normalized;
    logic [COUNT_BITS-1:0] zeros;
    assign magnitude = total[WINDOW] ? -total : total;
    mac_normalizer #(.WIDTH(WINDOW)) normalizer (
        .value(magnitude[WINDOW-1:0]), .normalized(normalized), .count(zeros)
    );

    logic [31:0] rounded;
    logic [9:0] exponent;
    assign exponent = TOP[9:0] + 10'd1 - {{(10 - COUNT_BITS) {1'b0}}, zeros} + excess;
    mac_float_rounder rounder (
        .sign(total[WINDOW]), .exponent(exponent), .significand(normalized[WINDOW-1-:24]),
        .guard(normalized[WINDOW-25]), .sticky(|normalized[WINDOW-26:0]), .rounding(rounding), .code(rounded)
    );

    logic any_nan, any_plus_infinity, any_minus_infinity, negative_zero;
    assign any_nan = nan || (c_special && |c[22:0]);
    assign any_plus_infinity = plus_infinity || (c_special && !c[31]);
    assign any_minus_infinity = minus_infinity || (c_special && c[31]);
    // A sum of zero has the sign of its terms if all are zeros of one sign.
    always_comb begin
        negative_zero = rounding == 4'd3;
        if (c_zero && !nonzero && (c[31] ? !plus_zero : !minus_zero)) negative_zero = c[31];
    end

    always_comb begin
        if (any_nan || (any_plus_infinity && any_minus_infinity)) sum = 32'h7FC00000;
        else if (any_plus_infinity) sum = 32'h7F800000;
        else if (any_minus_infinity) sum = 32'hFF800000;
        else if (products == {SUM_BITS{1'b0}} && !c_zero) sum = c;
        else if (total == {(WINDOW + 1) {1'b0}}) sum = {negative_zero, 31'b0};
        else sum = rounded;
    end

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = &{settings, magnitude[WINDOW]};  // the pins are those of every accumulator
    /* verilator lint_on UNUSED */
endmodule
