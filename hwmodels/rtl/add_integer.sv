// add_integer: an addition in the integer accumulator memory (semantics 8.4, integers). Combinational.
//
//   a, b        two's complement, sign-extended to 32 bits
//   settings    [5:0] width W of the accumulator, 8...32; [6] 1 saturate, 0 wrap
//   sum         sign-extended to 32 bits
//   overflowed  the exact sum does not fit in W bits
module add_integer (
    input  logic [31:0] a,
    input  logic [31:0] b,
    input  logic [7:0]  settings,
    output logic [31:0] sum,
    output logic        overflowed
);
    logic [31:0] upper;
    assign upper = 32'hFFFFFFFF << (settings[5:0] - 6'd1);
    mac_integer_add adder (
        .a(a), .b(b), .upper(upper), .saturate(settings[6]), .sum(sum), .overflowed(overflowed)
    );

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = settings[7];  // a spare bit
    /* verilator lint_on UNUSED */
endmodule
