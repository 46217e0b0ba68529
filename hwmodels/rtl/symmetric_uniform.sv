// The distribution `uniform` (docs/semantics.md, 5.2): the odd integers -511...511. Combinational.
//
// t = 2 * (half >> 7) - 511 = (2 * (half >> 7) + 1) - 512: wires and one inverter, which PeZO's argument rests on.
//
//   half   a 16-bit draw, of which the upper nine bits count
//   t      two's complement; its variance is 87381
module symmetric_uniform (
    input  logic [15:0] half,
    output logic [9:0]  t
);
    logic unused_bits;

    assign t = {~half[15], half[14:7], 1'b1};
    assign unused_bits = &{1'b0, half[6:0]};
endmodule
