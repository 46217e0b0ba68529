// The draws of WEIGHTS neighbouring elements' perturbation from banks of shift registers (docs/semantics.md, 4.1 and
// 4.2): the source `lfsr` with L = WEIGHTS lanes, w = B = k = 32. In the order of the elements, latency 0.
//
// Element e is drawn by lane e mod L, draw e / L, so WEIGHTS neighbours are one draw of every lane. A 32-bit output is
// one draw in either width: a 16-bit draw is its low half, and the upper half goes unused.
//
//   load, lane_states   the states of the draws to come, 32 bits each: L lanes of u, then of Q1, then of d, lane 0
//                       lowest. A cycle may take draws (of the states before) and load. Visiting in another order is
//                       loading again
//   mask                feedback taps of all lanes
//   enable              the draws are taken: the next elements' follow in the next cycle
//   words, first_roundings, grid_roundings   first element lowest
module lfsr_draws #(
    parameter WEIGHTS = 4
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  load,
    input  logic [96*WEIGHTS-1:0] lane_states,
    input  logic [31:0]           mask,
    input  logic                  enable,
    output logic [32*WEIGHTS-1:0] words,
    output logic [16*WEIGHTS-1:0] first_roundings,
    output logic [16*WEIGHTS-1:0] grid_roundings
);
    logic [96*WEIGHTS-1:0] states;
    logic                  unused_bits;

    assign unused_bits = &{1'b0, states};

    genvar i;
    generate
        for (i = 0; i < WEIGHTS; i = i + 1) begin : lane
            galois_lfsr #(.WIDTH(32), .STEPS(32), .BITS(32)) perturbation (
                .clk(clk), .reset(reset), .load(load), .state_in(lane_states[32*i+:32]), .mask(mask),
                .enable(enable), .state(states[32*i+:32]), .draw(words[32*i+:32]));
            galois_lfsr #(.WIDTH(32), .STEPS(32), .BITS(16)) first_rounding (
                .clk(clk), .reset(reset), .load(load), .state_in(lane_states[32*(WEIGHTS+i)+:32]), .mask(mask),
                .enable(enable), .state(states[32*(WEIGHTS+i)+:32]), .draw(first_roundings[16*i+:16]));
            galois_lfsr #(.WIDTH(32), .STEPS(32), .BITS(16)) grid_rounding (
                .clk(clk), .reset(reset), .load(load), .state_in(lane_states[32*(2*WEIGHTS+i)+:32]), .mask(mask),
                .enable(enable), .state(states[32*(2*WEIGHTS+i)+:32]), .draw(grid_roundings[16*i+:16]));
        end
    endgenerate
endmodule
