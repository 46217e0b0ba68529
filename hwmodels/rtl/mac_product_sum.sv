// mac_product_sum: the exact sum of LANES products of FP8, FP6 or FP4 codes, in fixed point (semantics 2.5).
// Combinational.
//
// Every product of these formats is a multiple of 2^-32 (the square of e5m2's smallest number) below 2^32, so 64 bits
// hold the magnitude of one, and LANES of them need the bits of LANES and a sign above that.
//
//   a, b                     the codes, lane 0 lowest
//   a_format, b_format       0...6, as in fp8_multiplier
//   sum                      two's complement, in units of 2^-32, of the finite products
//   nan                      a product is a NaN (0 times an infinity included)
//   plus_, minus_infinity    a product is an infinity of that sign
//   plus_, minus_zero        a product is a zero of that sign
//   nonzero                  a product is a finite number other than zero (the sum may be zero for all that)
module mac_product_sum #(
    parameter integer LANES = 1,
    parameter integer SUM_BITS = 65 + $clog2(LANES)
) (
    input  logic [8*LANES-1:0]  a,
    input  logic [8*LANES-1:0]  b,
    input  logic [3:0]          a_format,
    input  logic [3:0]          b_format,
    output logic [SUM_BITS-1:0] sum,
    output logic                nan,
    output logic                plus_infinity,
    output logic                minus_infinity,
    output logic                plus_zero,
    output logic                minus_zero,
    output logic                nonzero
);
    generate
        if (LANES < 1 || LANES > 1024) begin : refused
`ifdef __ICARUS__
            LANES_1_to_1024 out_of_range ();
`else
            $error("mac_product_sum: LANES has to be 1 to 1024");
`endif
        end
    endgenerate

    // One multiplier and one shifter a lane; bit i of each vector is lane i's.
    logic [LANES-1:0] lane_nan, lane_infinite, lane_sign, lane_nonzero;
    logic [64*LANES-1:0] magnitudes;

    genvar i;
    generate
        for (i = 0; i < LANES; i = i + 1) begin : lane
            logic [7:0] exponent;
            logic [9:0] significand;
            fp8_multiplier multiplier (
                .a(a[8*i+:8]), .a_format(a_format), .b(b[8*i+:8]), .b_format(b_format), .nan(lane_nan[i]),
                .infinite(lane_infinite[i]), .sign(lane_sign[i]), .exponent(exponent), .significand(significand)
            );
            assign lane_nonzero[i] = |significand;

            // The last place of a significand is 2^(exponent - 8), 2^-36 for the smallest exponent, -28. Only two e5m2
            // factors have exponents below -24, and the 4 low bits of their significand are zeros: the 4 bits below
            // 2^-32 are zeros always.
            logic [7:0] distance;
            logic [67:0] placed;
            assign distance = exponent + 8'd28;
            assign placed = {58'b0, significand} << distance[5:0];
            assign magnitudes[64*i+:64] = placed[67:4];
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = &{distance[7:6], placed[3:0]};
            /* verilator lint_on UNUSED */
        end
    endgenerate

    function automatic logic [SUM_BITS-1:0] total(input logic [64*LANES-1:0] terms, input logic [LANES-1:0] negative);
        total = {SUM_BITS{1'b0}};
        for (integer k = 0; k < LANES; k = k + 1) begin
            if (negative[k]) total = total - {{(SUM_BITS - 64) {1'b0}}, terms[64*k+:64]};
            else total = total + {{(SUM_BITS - 64) {1'b0}}, terms[64*k+:64]};
        end
    endfunction
    assign sum = total(magnitudes, lane_sign);

    logic [LANES-1:0] lane_zero;
    assign lane_zero = ~(lane_nan | lane_infinite | lane_nonzero);
    assign nan = |lane_nan;
    assign plus_infinity = |(lane_infinite & ~lane_sign);
    assign minus_infinity = |(lane_infinite & lane_sign);
    assign plus_zero = |(lane_zero & ~lane_sign);
    assign minus_zero = |(lane_zero & lane_sign);
    assign nonzero = |lane_nonzero;
endmodule
