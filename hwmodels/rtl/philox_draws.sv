// The draws of WEIGHTS neighbouring elements' perturbation from Philox (docs/semantics.md, section 4): purposes 0, 1
// and 3 of use 0. Any address a cycle, latency 10 cycles.
//
// A block holds four 32-bit or eight 16-bit draws, so u takes WEIGHTS / 4 pipelines, and each rounding WEIGHTS / 8;
// with WEIGHTS = 4 a rounding's pipeline is half used.
//
//   first_element         row-major place of the first weight in its tensor, a multiple of WEIGHTS
//   key, step, query, tensor   the rest of the streams' address
//   words                 u's 32-bit draws, first element lowest
//   first_roundings       the 16-bit draws of purpose 1 (Q1), first element lowest
//   grid_roundings        the 16-bit draws of purpose 3 (d), first element lowest
module philox_draws #(
    parameter WEIGHTS = 4
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  valid_in,
    input  logic [47:0]           first_element,
    input  logic [63:0]           key,
    input  logic [31:0]           step,
    input  logic [15:0]           query,
    input  logic [15:0]           tensor,
    output logic                  valid_out,
    output logic [32*WEIGHTS-1:0] words,
    output logic [16*WEIGHTS-1:0] first_roundings,
    output logic [16*WEIGHTS-1:0] grid_roundings
);
    localparam WORD_BLOCKS = WEIGHTS / 4;
    localparam HALF_BLOCKS = WEIGHTS < 8 ? 1 : WEIGHTS / 8;

    // Counter word 3 but for the purpose.
    logic [31:0]            word3;
    logic [WORD_BLOCKS-1:0] words_valid;
    logic [HALF_BLOCKS-1:0] first_valid;
    logic [HALF_BLOCKS-1:0] grid_valid;
    logic                   unused_bits;

    assign word3 = {16'd0, query};
    assign valid_out = words_valid[0];
    assign unused_bits = &{1'b0, words_valid, first_valid, grid_valid, first_element[1:0]};

    genvar i;
    generate
        if (WEIGHTS != 4 && WEIGHTS != 8 && WEIGHTS != 16 && WEIGHTS != 32) begin : refused
`ifdef __ICARUS__
            WEIGHTS_4_8_16_or_32 out_of_range ();
`else
            $error("philox_draws: WEIGHTS must be 4, 8, 16 or 32");
`endif
        end

        for (i = 0; i < WORD_BLOCKS; i = i + 1) begin : perturbation
            localparam [45:0] OFFSET = i;
            logic [45:0] index;
            assign index = first_element[47:2] | OFFSET;
            philox generator (
                .clk(clk), .reset(reset), .valid_in(valid_in), .key(key),
                .counter({word3, step, tensor, 2'd0, index}),
                .valid_out(words_valid[i]), .words(words[128*i+:128]));
        end

        for (i = 0; i < HALF_BLOCKS; i = i + 1) begin : rounding
            localparam [44:0] OFFSET = i;
            logic [44:0]  index;
            logic [127:0] first_block;
            logic [127:0] grid_block;
            assign index = first_element[47:3] | OFFSET;
            philox first_generator (
                .clk(clk), .reset(reset), .valid_in(valid_in), .key(key),
                .counter({word3 | 32'h01000000, step, tensor, 3'd0, index}),
                .valid_out(first_valid[i]), .words(first_block));
            philox grid_generator (
                .clk(clk), .reset(reset), .valid_in(valid_in), .key(key),
                .counter({word3 | 32'h03000000, step, tensor, 3'd0, index}),
                .valid_out(grid_valid[i]), .words(grid_block));

            if (WEIGHTS == 4) begin : half
                logic upper;
                delay_line #(.WIDTH(1), .STAGES(10)) which (.clk(clk), .in(first_element[2]), .out(upper));
                assign first_roundings = upper ? first_block[127:64] : first_block[63:0];
                assign grid_roundings  = upper ? grid_block[127:64] : grid_block[63:0];
            end else begin : whole
                assign first_roundings[128*i+:128] = first_block;
                assign grid_roundings[128*i+:128]  = grid_block;
            end
        end
    endgenerate
endmodule
