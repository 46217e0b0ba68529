// edge_skew: LINES lines of WIDTH bits that enter together, line i i beats later (semantics 11: row r is r beats behind
// row 0, column c is c beats behind column 0). Line 0 passes in the same beat. Latency of line i: i cycles.
module edge_skew #(
    parameter LINES = 4,
    parameter WIDTH = 8
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic [LINES*WIDTH-1:0] in,
    output logic [LINES*WIDTH-1:0] out
);
    generate
        if (LINES < 1 || LINES > 64 || WIDTH < 1) begin : refused
`ifdef __ICARUS__
            LINES_1_to_64_WIDTH_1_or_more out_of_range ();
`else
            $error("edge_skew: LINES must be 1 to 64, WIDTH 1 or more");
`endif
        end
    endgenerate

    assign out[WIDTH-1:0] = in[WIDTH-1:0];
    generate
        if (LINES < 2) begin : direct
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = clk & reset;  // one line needs no register
            /* verilator lint_on UNUSED */
        end
    endgenerate

    genvar i;
    generate
        for (i = 1; i < LINES; i = i + 1) begin : line
            logic [i*WIDTH-1:0] stages;
            // What leaves is the top of the line, the newest stands at its bottom.
            logic [(i+1)*WIDTH-1:0] shifted;
            assign shifted = {stages, in[i*WIDTH+:WIDTH]};
            always_ff @(posedge clk) begin
                if (reset) stages <= 0;
                else stages <= shifted[i*WIDTH-1:0];
            end
            assign out[i*WIDTH+:WIDTH] = shifted[i*WIDTH+:WIDTH];
        end
    endgenerate
endmodule
