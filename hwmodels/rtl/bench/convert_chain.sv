// A bench's chain: a code of any floating-point format, widened to FP32 and cast to another format. Combinational. It exists for the rows of other
// projects' converters, which go from format to format.
module convert_chain (
    input  logic [31:0] code,
    input  logic [3:0]  from_format,
    input  logic [3:0]  to_format,
    input  logic [3:0]  rounding,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    logic [31:0] wide;
    logic [4:0]  wide_flags, cast_flags;

    float_widen widen (.code(code), .format(from_format), .result(wide), .flags(wide_flags));
    float_cast cast (
        .a(wide), .format(to_format), .rounding(rounding), .random_bits(6'd1), .random(32'd0), .overflow(2'd2),
        .flush_inputs(1'b0), .flush_outputs(1'b0), .code(result), .flags(cast_flags)
    );
    assign flags = wide_flags | cast_flags;
endmodule
