// One round of Philox4x32 (docs/semantics.md, section 4; Salmon et al., SC 2011). Combinational.
//
// Two 32 x 32-bit products of constants, on words 0 and 2. Their low halves become words 3 and 1; their high halves,
// with words 3 and 1 and the round key added without carry, become words 2 and 0.
//
//   block, next   four words, word 0 lowest
//   key           the round's key, word 0 lowest
module philox_round (
    input  logic [127:0] block,
    input  logic [63:0]  key,
    output logic [127:0] next
);
    logic [63:0] product0;
    logic [63:0] product2;

    assign product0 = 64'hD2511F53 * {32'd0, block[31:0]};
    assign product2 = 64'hCD9E8D57 * {32'd0, block[95:64]};

    assign next[31:0]   = product2[63:32] ^ block[63:32] ^ key[31:0];
    assign next[63:32]  = product2[31:0];
    assign next[95:64]  = product0[63:32] ^ block[127:96] ^ key[63:32];
    assign next[127:96] = product0[31:0];
endmodule
