// A perturbed weight (docs/semantics.md, section 10): clamp(k + d, 127), or clamp(k - d, 127). Combinational.
//
//   k          the weight's INT8 code
//   d          the perturbation in grid steps, two's complement
//   subtract   0 for k + d, 1 for k - d
//   code       what the pass reads, -127...127
module perturb (
    input  logic [7:0]  k,
    input  logic [15:0] d,
    input  logic        subtract,
    output logic [7:0]  code
);
    logic [16:0] term;
    logic [16:0] sum;
    logic        above;
    logic        below;

    // -d = ~d + 1, the 1 as carry into the sum.
    assign term = {d[15], d} ^ {17{subtract}};
    assign sum = {{9{k[7]}}, k} + term + {16'd0, subtract};
    assign above = !sum[16] && sum[15:7] != 9'd0;
    // Below -127 means -128, too.
    assign below = sum[16] && (sum[15:7] != 9'h1FF || sum[6:0] == 7'd0);
    assign code = above ? 8'h7F : below ? 8'h81 : sum[7:0];
endmodule
