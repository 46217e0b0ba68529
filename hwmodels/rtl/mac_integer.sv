// mac_integer: c plus the products of LANES pairs of INT8 or INT4 codes, or of 2*LANES pairs of packed INT4, added one
// after another, k ascending, in an accumulator of W bits (semantics 8.4, integers). Combinational.
//
//   a, b                the codes, a byte a lane, lane 0 lowest
//   a_format, b_format  11 int8, 12 int4 (low nibble), 13 int4 packed two to a byte (low nibble first; both or neither)
//   settings            [5:0] W, 8...32; [6] 1 saturate after each addition, 0 wrap
//   c, sum              the accumulator, sign-extended to 32 bits
module mac_integer #(
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
            $error("mac_integer: LANES has to be 1 to 1024");
`endif
        end
    endgenerate

    // None is refused above; without this the refusal would drown in errors about what is missing.
    localparam BUILT_LANES = LANES < 1 ? 1 : LANES;

    logic [31:0] upper;
    logic packed_codes;
    assign upper = 32'hFFFFFFFF << (settings[5:0] - 6'd1);
    assign packed_codes = a_format == 4'd13;

    genvar i;
    generate
        for (i = 0; i < BUILT_LANES; i = i + 1) begin : lane
            // The low nibble goes through the 8-bit multiplier; the high one of packed codes gets one of 4 bits.
            logic signed [7:0] a_low, b_low;
            logic signed [3:0] a_high, b_high;
            logic signed [15:0] low;
            logic signed [7:0] high;
            assign a_low = a_format == 4'd11 ? a[8*i+:8] : {{4{a[8*i+3]}}, a[8*i+:4]};
            assign b_low = b_format == 4'd11 ? b[8*i+:8] : {{4{b[8*i+3]}}, b[8*i+:4]};
            assign a_high = a[8*i+4+:4];
            assign b_high = packed_codes ? b[8*i+4+:4] : 4'd0;
            assign low = a_low * b_low;
            assign high = a_high * b_high;

            logic [31:0] start, between, finish;
            logic low_overflowed, high_overflowed;
            if (i == 0) begin : first
                assign start = c;
            end else begin : next
                assign start = lane[i-1].finish;
            end
            mac_integer_add low_adder (
                .a(start), .b({{16{low[15]}}, low}), .upper(upper), .saturate(settings[6]), .sum(between),
                .overflowed(low_overflowed)
            );
            mac_integer_add high_adder (
                .a(between), .b({{24{high[7]}}, high}), .upper(upper), .saturate(settings[6]), .sum(finish),
                .overflowed(high_overflowed)
            );
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = &{low_overflowed, high_overflowed};  // only the accumulator memory reports them
            /* verilator lint_on UNUSED */
        end
    endgenerate
    assign sum = lane[BUILT_LANES-1].finish;

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = settings[7];  // a spare bit
    /* verilator lint_on UNUSED */
endmodule
