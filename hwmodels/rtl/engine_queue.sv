// engine_queue: the commands of one unit of the tile engine, in order. Written before the engine starts, then read once.
//
//   push, pushed   writes the next entry; what does not fit is dropped, and `full` says so until reset
//   valid, head    the oldest entry that is left, combinationally; pop takes it
module engine_queue #(
    parameter WIDTH = 384,
    parameter DEPTH = 1024
) (
    input  logic             clk,
    input  logic             reset,
    input  logic             push,
    input  logic [WIDTH-1:0] pushed,
    input  logic             pop,
    output logic             valid,
    output logic [WIDTH-1:0] head,
    output logic             full
);
    localparam ADDRESS_BITS = $clog2(DEPTH);
    localparam [ADDRESS_BITS:0] ALL = DEPTH[ADDRESS_BITS:0];

    generate
        if (DEPTH < 2 || DEPTH > 65536 || WIDTH < 1) begin : refused
`ifdef __ICARUS__
            DEPTH_2_to_65536_WIDTH_1_or_more out_of_range ();
`else
            $error("engine_queue: DEPTH must be 2 to 65536, WIDTH 1 or more");
`endif
        end
    endgenerate

    logic [WIDTH-1:0] entries [0:DEPTH-1];
    logic [ADDRESS_BITS:0] written, taken;

    assign valid = taken != written;
    assign head = entries[taken[ADDRESS_BITS-1:0]];
    always_ff @(posedge clk) begin
        if (push && written != ALL) entries[written[ADDRESS_BITS-1:0]] <= pushed;
        if (reset) begin
            written <= 0;
            taken <= 0;
            full <= 1'b0;
        end else begin
            if (push && written != ALL) written <= written + 1'b1;
            if (push && written == ALL) full <= 1'b1;
            if (pop && valid) taken <= taken + 1'b1;
        end
    end
endmodule
