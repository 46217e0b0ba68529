// The Gaussian `irwin-hall-4` (docs/semantics.md, section 5): the sum of the four bytes of a 32-bit draw, less 510.
// Combinational.
//
//   word   the draw
//   t      -510...510, two's complement; its variance is 21845
module irwin_hall (
    input  logic [31:0] word,
    output logic [9:0]  t
);
    logic [8:0] low;
    logic [8:0] high;

    assign low  = {1'b0, word[7:0]} + {1'b0, word[15:8]};
    assign high = {1'b0, word[23:16]} + {1'b0, word[31:24]};

    // 514 is -510 modulo 2^10.
    assign t = {1'b0, low} + {1'b0, high} + 10'd514;
endmodule
