// A bench's chain: a * b + c * d + e of FP8 codes with e of a wider format, rounded to that format stochastically with 12 random bits, the complement of a
// register's low bits: what cvfpu's ExSdotp unit does. The sum is rounded to odd first, which leaves the 12 discarded bits as they are. Combinational.
module stochastic_chain (
    input  logic [7:0]  a,
    input  logic [7:0]  b,
    input  logic [7:0]  c,
    input  logic [7:0]  d,
    input  logic [3:0]  format,
    input  logic [31:0] e,
    input  logic [3:0]  result_format,
    input  logic [31:0] lfsr,
    output logic [31:0] result
);
    logic [31:0] addend, sum;
    logic [4:0]  unused_widen_flags, unused_cast_flags;

    float_widen widen (.code(e), .format(result_format), .result(addend), .flags(unused_widen_flags));
    grouped_sum #(.LANES(2)) products (
        .a({c, a}), .b({d, b}), .a_format(format), .b_format(format), .settings(8'd0), .rounding(4'd5), .c(addend), .sum(sum)
    );
    float_cast cast (
        .a(sum), .format(result_format), .rounding(4'd6), .random_bits(6'd12), .random(~lfsr), .overflow(2'd2),
        .flush_inputs(1'b0), .flush_outputs(1'b0), .code(result), .flags(unused_cast_flags)
    );
endmodule
