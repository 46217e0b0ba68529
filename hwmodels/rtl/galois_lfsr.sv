// Galois shift register, a lane of the source `lfsr` (docs/semantics.md, 4.2).
//
// A step shifts right: s <- (s >> 1) ^ (s[0] ? mask : 0). `draw` is the low BITS bits of the state, or of its
// complement, and the next draw is STEPS steps on; the steps are unrolled, so a draw takes one cycle.
//
//   load, state_in   the state becomes state_in, whatever `enable` says; it must not be 0, which the register would
//                    never leave
//   mask             feedback taps; bit WIDTH - 1 must be set. Tied to a constant, each tap but the top one is one XOR
//                    a step
//   enable           the draw is taken: STEPS steps at the end of this cycle
//   state, draw      combinational outputs of the register: draw 0 is that of the loaded state. Reset makes the state 1
module galois_lfsr #(
    parameter WIDTH = 32,
    parameter STEPS = 32,
    parameter BITS = 32,
    parameter COMPLEMENT = 0
) (
    input  logic             clk,
    input  logic             reset,
    input  logic             load,
    input  logic [WIDTH-1:0] state_in,
    input  logic [WIDTH-1:0] mask,
    input  logic             enable,
    output logic [WIDTH-1:0] state,
    output logic [BITS-1:0]  draw
);
    generate
        if (WIDTH < 2 || WIDTH > 64 || STEPS < 1 || STEPS > 256 || BITS < 1 || BITS > WIDTH || BITS > 32)
        begin : refused
`ifdef __ICARUS__
            WIDTH_2_to_64_STEPS_1_to_256_BITS_1_to_WIDTH_or_32 out_of_range ();
`else
            $error("galois_lfsr: WIDTH must be 2...64, STEPS 1...256, BITS 1...WIDTH and 32 at most");
`endif
        end
    endgenerate

    function automatic logic [WIDTH-1:0] after_steps(input logic [WIDTH-1:0] start, input logic [WIDTH-1:0] taps);
        integer i;
        after_steps = start;
        for (i = 0; i < STEPS; i = i + 1)
            after_steps = (after_steps >> 1) ^ (after_steps[0] ? taps : {WIDTH{1'b0}});
    endfunction

    always_ff @(posedge clk) begin
        if (reset) state <= {{(WIDTH - 1) {1'b0}}, 1'b1};
        else if (load) state <= state_in;
        else if (enable) state <= after_steps(state, mask);
    end

    generate
        if (COMPLEMENT != 0) begin : complemented
            assign draw = ~state[BITS-1:0];
        end else begin : plain
            assign draw = state[BITS-1:0];
        end
    endgenerate
endmodule
