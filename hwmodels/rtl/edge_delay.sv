// edge_delay: what all LINES rows or columns of an edge get, line i i beats later: the signals that travel beside the
// operands of edge_skew. One chain of registers with a tap for each line. Latency of tap i: i cycles.
module edge_delay #(
    parameter LINES = 4,
    parameter WIDTH = 8
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic [WIDTH-1:0]       in,
    output logic [LINES*WIDTH-1:0] taps
);
    generate
        if (LINES < 1 || LINES > 64 || WIDTH < 1) begin : refused
`ifdef __ICARUS__
            LINES_1_to_64_WIDTH_1_or_more out_of_range ();
`else
            $error("edge_delay: LINES must be 1 to 64, WIDTH 1 or more");
`endif
        end
        if (LINES < 2) begin : direct
            assign taps = in;
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = clk & reset;  // one line needs no register
            /* verilator lint_on UNUSED */
        end else begin : chain
            logic [(LINES-1)*WIDTH-1:0] stages;
            assign taps = {stages, in};
            always_ff @(posedge clk) begin
                if (reset) stages <= 0;
                else stages <= taps[(LINES-1)*WIDTH-1:0];
            end
        end
    endgenerate
endmodule
