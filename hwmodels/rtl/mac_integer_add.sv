// mac_integer_add: an addition in an accumulator of W bits, 8 <= W <= 32 (semantics 8.4, integers). Combinational.
//
//   a, b        two's complement; a is the accumulator, sign-extended to 32 bits
//   upper       ones in bits W-1...31: the sign bit of W bits and those above, which are equal where a sum fits
//   saturate    1: a sum that does not fit becomes the end of the range, 0: its low W bits
//   sum         sign-extended to 32 bits
//   overflowed  the sum did not fit
module mac_integer_add (
    input  logic [31:0] a,
    input  logic [31:0] b,
    input  logic [31:0] upper,
    input  logic        saturate,
    output logic [31:0] sum,
    output logic        overflowed
);
    logic [32:0] exact;  // one bit more than either
    assign exact = {a[31], a} + {b[31], b};
    assign overflowed = exact[32] ? (exact[31:0] & upper) != upper : (exact[31:0] & upper) != 32'd0;

    // The lowest bit of `upper` is the sign's.
    logic wrapped_sign;
    assign wrapped_sign = |(exact[31:0] & upper & ~(upper << 1));
    always_comb begin
        if (overflowed && saturate) sum = exact[32] ? upper : ~upper;
        else sum = wrapped_sign ? exact[31:0] | upper : exact[31:0] & ~upper;
    end
endmodule
