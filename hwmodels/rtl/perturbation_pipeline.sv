// From draws to perturbed weights, WEIGHTS a cycle (docs/semantics.md, sections 5 and 10). Latency 3 cycles: the code
// of u, its perturbation in grid steps, the clamped sum.
//
//   words, first_roundings, grid_roundings   a weight's 32-bit draw of u and its 16-bit draws of Q1 and d, first weight
//                                            lowest
//   codes        INT8 codes k of the weights, first weight lowest
//   bits         of the perturbation code: 2, 4 or 8
//   multiplier   c_d, 0 < c_d < 2^24
//   subtract     0 for k + d, 1 for k - d
//   codes_out    what the pass reads, with valid_out
module perturbation_pipeline #(
    parameter WEIGHTS = 4
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  valid_in,
    input  logic [32*WEIGHTS-1:0] words,
    input  logic [16*WEIGHTS-1:0] first_roundings,
    input  logic [16*WEIGHTS-1:0] grid_roundings,
    input  logic [8*WEIGHTS-1:0]  codes,
    input  logic [3:0]            bits,
    input  logic [23:0]           multiplier,
    input  logic                  subtract,
    output logic                  valid_out,
    output logic [8*WEIGHTS-1:0]  codes_out
);
    // What the next stages need, one and two cycles later.
    logic [23:0]           multiplier1;
    logic [16*WEIGHTS-1:0] grid_roundings1;
    logic [8*WEIGHTS-1:0]  codes1;
    logic [8*WEIGHTS-1:0]  codes2;
    logic                  subtract1;
    logic                  subtract2;
    logic [2:0]            valid;

    always_ff @(posedge clk) begin
        multiplier1     <= multiplier;
        grid_roundings1 <= grid_roundings;
        codes1          <= codes;
        codes2          <= codes1;
        subtract1       <= subtract;
        subtract2       <= subtract1;
        valid           <= reset ? 3'd0 : {valid[1:0], valid_in};
    end

    assign valid_out = valid[2];

    genvar i;
    generate
        for (i = 0; i < WEIGHTS; i = i + 1) begin : weight
            logic [9:0]  t;
            logic [7:0]  u;
            logic [7:0]  u1;
            logic [15:0] d;
            logic [15:0] d2;
            logic [7:0]  perturbed;

            irwin_hall gaussian (.word(words[32*i+:32]), .t(t));
            perturbation_code code (.t(t), .bits(bits), .random(first_roundings[16*i+:16]), .u(u));
            grid_rounding steps (.u(u1), .multiplier(multiplier1), .random(grid_roundings1[16*i+:16]), .d(d));
            perturb clamped_sum (.k(codes2[8*i+:8]), .d(d2), .subtract(subtract2), .code(perturbed));

            always_ff @(posedge clk) begin
                u1 <= u;
                d2 <= d;
                codes_out[8*i+:8] <= perturbed;
            end
        end
    endgenerate
endmodule
