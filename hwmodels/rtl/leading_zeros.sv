// The number of zeros above the highest one of a word: WIDTH for zero.
//
// The count is found from its top bit down: where the upper half of what is left is zero, the lower half moves up.
// Combinational.
module leading_zeros #(
    parameter WIDTH = 32,
    localparam COUNT = $clog2(WIDTH + 1)
) (
    input  logic [WIDTH-1:0] value,
    output logic [COUNT-1:0] count
);
    generate
        if (WIDTH < 2 || WIDTH > 128) begin : refused
`ifdef __ICARUS__
            WIDTH_2_to_128 out_of_range ();
`else
            $error("leading_zeros: WIDTH must be 2...128");
`endif
        end
    endgenerate

    // Padded with ones to a power of two above WIDTH, so that zero needs no case of its own.
    localparam PADDED = 1 << COUNT;
    logic [PADDED-1:0] rest;

    always_comb begin
        rest = {value, {(PADDED - WIDTH) {1'b1}}};
        for (integer stage = COUNT - 1; stage >= 0; stage = stage - 1) begin
            count[stage] = (rest >> (PADDED - (1 << stage))) == {PADDED{1'b0}};
            if (count[stage]) rest = rest << (1 << stage);
        end
    end
endmodule
