// WIDTH bits, STAGES cycles later: what travels beside a pipeline.
module delay_line #(
    parameter WIDTH = 8,
    parameter STAGES = 10
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
    generate
        if (WIDTH < 1 || STAGES < 2) begin : refused
`ifdef __ICARUS__
            WIDTH_1_or_more_STAGES_2_or_more out_of_range ();
`else
            $error("delay_line: WIDTH must be 1 or more, STAGES 2 or more");
`endif
        end
    endgenerate

    logic [WIDTH*STAGES-1:0] line;

    always_ff @(posedge clk) line <= {line[WIDTH*(STAGES-1)-1:0], in};

    assign out = line[WIDTH*STAGES-1-:WIDTH];
endmodule
