// Philox4x32-10, the source `philox` (docs/semantics.md, section 4): a round a stage. A block a cycle, latency 10
// cycles.
//
//   key       the run's seed, word 0 the low half; it travels with its block, so it may change from block to block
//   counter   four words, word 0 lowest: the address of the block
//   words     the block's four 32-bit words, word 0 lowest, ten cycles after valid_in, with valid_out
module philox (
    input  logic         clk,
    input  logic         reset,
    input  logic         valid_in,
    input  logic [63:0]  key,
    input  logic [127:0] counter,
    output logic         valid_out,
    output logic [127:0] words
);
    localparam [31:0] WEYL0 = 32'h9E3779B9;
    localparam [31:0] WEYL1 = 32'hBB67AE85;

    // Registers behind rounds 0...9, round 0 lowest. The last round hands on no key.
    logic [9:0]    valid;
    logic [1279:0] block;
    logic [575:0]  round_key;

    genvar r;
    generate
        for (r = 0; r < 10; r = r + 1) begin : round
            logic [127:0] from;
            logic [127:0] to;
            logic [63:0]  from_key;

            if (r == 0) begin : first
                assign from = counter;
                assign from_key = key;
            end else begin : later
                assign from = block[128*(r-1)+:128];
                assign from_key = round_key[64*(r-1)+:64];
            end

            philox_round arithmetic (.block(from), .key(from_key), .next(to));

            always_ff @(posedge clk) block[128*r+:128] <= to;

            if (r < 9) begin : next_key
                always_ff @(posedge clk) begin
                    round_key[64*r+:32]    <= from_key[31:0] + WEYL0;
                    round_key[64*r+32+:32] <= from_key[63:32] + WEYL1;
                end
            end
        end
    endgenerate

    always_ff @(posedge clk) valid <= reset ? 10'd0 : {valid[8:0], valid_in};

    assign valid_out = valid[9];
    assign words = block[1279:1152];
endmodule
