// A right shift that forgets nothing: the lowest bit of the result is the OR of itself and of all bits shifted out.
//
// value    an unsigned number
// amount   places to shift by; any number of AMOUNT bits, also beyond WIDTH
//
// Combinational.
module sticky_shifter #(
    parameter WIDTH = 27,
    parameter AMOUNT = 8
) (
    input  logic [WIDTH-1:0]  value,
    input  logic [AMOUNT-1:0] amount,
    output logic [WIDTH-1:0]  shifted
);
`ifndef __ICARUS__  // which knows no elaboration-time assertions
    if (WIDTH < 2 || AMOUNT < 1 || AMOUNT > 16) begin : g_refused
        $error("sticky_shifter: WIDTH must be at least 2, AMOUNT 1...16");
    end
`endif

    logic sticky;
    logic [WIDTH-1:0] rest;

    // A barrel shifter, a stage for each bit of the amount; each stage keeps what leaves it.
    always_comb begin
        rest = value;
        sticky = 1'b0;
        for (integer stage = 0; stage < AMOUNT; stage = stage + 1) begin
            if (amount[stage]) begin
                sticky = sticky | (((rest >> (1 << stage)) << (1 << stage)) != rest);
                rest = rest >> (1 << stage);
            end
        end
    end

    assign shifted = {rest[WIDTH-1:1], rest[0] | sticky};
endmodule
