// The perturbation unit, on the way from memory to the weight buffer (docs/semantics.md, sections 4, 5 and 10): WEIGHTS
// weights a cycle are drawn for, rounded, added to and clamped. Latency 13 cycles with Philox (10 of them drawing), 3
// with shift registers.
//
// GENERATOR 0: `philox`, any address in any cycle. GENERATOR 1: `lfsr` with L = WEIGHTS lanes, w = B = k = 32: the
// elements come in order, from the one whose draws were loaded; a load may share a cycle with the last weights of the
// states before.
//
//   codes           INT8 codes k, first weight lowest
//   first_element   row-major place of the first weight in its tensor, a multiple of WEIGHTS (Philox only)
//   key, step, query, tensor   the streams' address; key is the seed (Philox only)
//   bits            of the perturbation code: 2, 4 or 8
//   multiplier      c_d, 0 < c_d < 2^24, of the weights' row
//   subtract        0 for the pass of L+, 1 for that of L-
//   load, lane_states, mask    lanes of u, then of Q1, then of d, 32 bits each, lane 0 lowest; the taps (shift
//                              registers only)
//   codes_out       clamp(k +- d, 127), with valid_out
// All inputs but load's three belong to valid_in's cycle and may change from cycle to cycle.
module perturbation_unit #(
    parameter GENERATOR = 0,
    parameter WEIGHTS = 4
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  valid_in,
    input  logic [8*WEIGHTS-1:0]  codes,
    input  logic [47:0]           first_element,
    input  logic [63:0]           key,
    input  logic [31:0]           step,
    input  logic [15:0]           query,
    input  logic [15:0]           tensor,
    input  logic [3:0]            bits,
    input  logic [23:0]           multiplier,
    input  logic                  subtract,
    input  logic                  load,
    input  logic [96*WEIGHTS-1:0] lane_states,
    input  logic [31:0]           mask,
    output logic                  valid_out,
    output logic [8*WEIGHTS-1:0]  codes_out
);
    // Draws, and with them the rest of their cycle's inputs.
    logic                  drawn;
    logic [32*WEIGHTS-1:0] words;
    logic [16*WEIGHTS-1:0] first_roundings;
    logic [16*WEIGHTS-1:0] grid_roundings;
    logic [8*WEIGHTS-1:0]  drawn_codes;
    logic [3:0]            drawn_bits;
    logic [23:0]           drawn_multiplier;
    logic                  drawn_subtract;
    logic                  unused_pins;

    generate
        if (GENERATOR < 0 || GENERATOR > 1 || (WEIGHTS != 4 && WEIGHTS != 8 && WEIGHTS != 16 && WEIGHTS != 32))
        begin : refused
`ifdef __ICARUS__
            GENERATOR_0_or_1_WEIGHTS_4_8_16_or_32 out_of_range ();
`else
            $error("perturbation_unit: GENERATOR must be 0 or 1, WEIGHTS 4, 8, 16 or 32");
`endif
        end

        if (GENERATOR == 0) begin : from_philox
            philox_draws #(.WEIGHTS(WEIGHTS)) draws (
                .clk(clk), .reset(reset), .valid_in(valid_in), .first_element(first_element),
                .key(key), .step(step), .query(query), .tensor(tensor),
                .valid_out(drawn), .words(words), .first_roundings(first_roundings), .grid_roundings(grid_roundings));
            delay_line #(.WIDTH(8 * WEIGHTS + 29), .STAGES(10)) beside (
                .clk(clk), .in({codes, bits, multiplier, subtract}),
                .out({drawn_codes, drawn_bits, drawn_multiplier, drawn_subtract}));
            assign unused_pins = &{1'b0, load, lane_states, mask};
        end else begin : from_lfsr
            lfsr_draws #(.WEIGHTS(WEIGHTS)) draws (
                .clk(clk), .reset(reset), .load(load), .lane_states(lane_states), .mask(mask), .enable(valid_in),
                .words(words), .first_roundings(first_roundings), .grid_roundings(grid_roundings));
            assign drawn = valid_in;
            assign {drawn_codes, drawn_bits, drawn_multiplier, drawn_subtract} = {codes, bits, multiplier, subtract};
            assign unused_pins = &{1'b0, first_element, key, step, query, tensor};
        end
    endgenerate

    perturbation_pipeline #(.WEIGHTS(WEIGHTS)) pipeline (
        .clk(clk), .reset(reset), .valid_in(drawn),
        .words(words), .first_roundings(first_roundings), .grid_roundings(grid_roundings),
        .codes(drawn_codes), .bits(drawn_bits), .multiplier(drawn_multiplier), .subtract(drawn_subtract),
        .valid_out(valid_out), .codes_out(codes_out));
endmodule
