// Whether a magnitude k + v, 0 <= v < 1, becomes k + 1 (docs/semantics.md, section 6.1): the six modes without chance.
//
// rounding      0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd; others never round up
// sign          of the number
// odd           k is odd
// half          v >= 1/2
// sticky        v is neither 0 nor 1/2
// up            k becomes k + 1
// keeps_finite  a finite number that overflows stays the largest finite one under `ieee` (section 6.2)
//
// Combinational.
module deterministic_rounding (
    input  logic [3:0] rounding,
    input  logic       sign,
    input  logic       odd,
    input  logic       half,
    input  logic       sticky,
    output logic       up,
    output logic       keeps_finite
);
    always_comb begin
        case (rounding)
            4'd0: up = half & (sticky | odd);
            4'd1: up = half;
            4'd3: up = sign & (half | sticky);
            4'd4: up = ~sign & (half | sticky);
            4'd5: up = ~odd & (half | sticky);
            default: up = 1'b0;
        endcase
    end

    assign keeps_finite = rounding == 4'd2 || (rounding == 4'd3 && !sign) || (rounding == 4'd4 && sign)
        || rounding == 4'd5;
endmodule
