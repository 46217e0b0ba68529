// Whether a magnitude k + v, 0 <= v < 1, becomes k + 1 (docs/semantics.md, section 6.1): all nine modes.
//
// rounding              0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd, 6 stochastic-a,
//                       7 stochastic-b, 8 stochastic-c
// sign, odd             of the number; k is odd
// discarded             v, 34 bits, the highest worth 1/2; the lowest stands for all that lies below it, too
// random_bits, random   N (1...32) and the random word, for the stochastic modes
// up                    k becomes k + 1
// keeps_finite          a finite number that overflows stays the largest finite one under `ieee` (section 6.2)
//
// Combinational.
module rounding_decision (
    input  logic [3:0]  rounding,
    input  logic        sign,
    input  logic        odd,
    input  logic [33:0] discarded,
    input  logic [5:0]  random_bits,
    input  logic [31:0] random,
    output logic        up,
    output logic        keeps_finite
);
    logic up_by_rule, up_by_chance;
    logic [1:0] form;

    assign form = {rounding[3], rounding[0]};  // 6, 7, 8 become 0, 1, 2

    deterministic_rounding rule (
        .rounding(rounding), .sign(sign), .odd(odd), .half(discarded[33]), .sticky(discarded[32:0] != 33'd0),
        .up(up_by_rule), .keeps_finite(keeps_finite)
    );
    stochastic_rounding chance (
        .form(form), .discarded(discarded), .random_bits(random_bits), .random(random), .up(up_by_chance)
    );

    assign up = rounding >= 4'd6 ? up_by_chance : up_by_rule;
endmodule
