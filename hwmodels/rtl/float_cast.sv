// The stochastic rounding unit: an FP32 number rounded to any floating-point format in any of the nine modes, under any
// overflow policy (docs/semantics.md, sections 2.2 to 2.4 and 6.1 to 6.3).
//
// a                     FP32
// format                of the result: 0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2, 7 bf16, 8 fp16,
//                       9 fp32, 10 e8m0
// rounding              0 nearest-even, 1 nearest-away, 2 toward-zero, 3 down, 4 up, 5 odd, 6 stochastic-a,
//                       7 stochastic-b, 8 stochastic-c
// random_bits, random   N (1...32) and the word whose low N bits are R; only the stochastic modes read them
// overflow              0 saturate, 1 saturate-propagate, 2 ieee
// flush_inputs          a subnormal a counts as a zero of its sign
// flush_outputs         a subnormal result becomes a zero of its sign
// code                  in the low bits, zeros above
// flags                 1 inexact, 2 underflow, 4 overflow, 16 invalid
//
// Combinational.
module float_cast (
    input  logic [31:0] a,
    input  logic [3:0]  format,
    input  logic [3:0]  rounding,
    input  logic [5:0]  random_bits,
    input  logic [31:0] random,
    input  logic [1:0]  overflow,
    input  logic        flush_inputs,
    input  logic        flush_outputs,
    output logic [31:0] code,
    output logic [4:0]  flags
);
    logic [4:0]  fraction_bits;
    logic [7:0]  minimum_exponent;
    logic [31:0] magnitude_mask_unused, sign_place, largest, infinity, canonical_nan;
    logic        has_infinity, has_nan, is_scale;
    float_format descriptor (
        .format(format), .fraction_bits(fraction_bits), .minimum_exponent(minimum_exponent),
        .magnitude_mask(magnitude_mask_unused), .sign_place(sign_place), .largest(largest), .infinity(infinity),
        .nan(canonical_nan), .has_infinity(has_infinity), .has_nan(has_nan), .is_scale(is_scale)
    );

    logic        flushed, sign, zero, infinite, nan, signaling;
    logic [7:0]  exponent;
    logic [23:0] significand;
    assign flushed = flush_inputs && a[30:23] == 8'd0;
    fp32_unpacker unpack (
        .code(flushed ? {a[31], 31'd0} : a), .sign(sign), .exponent(exponent), .significand(significand), .zero(zero),
        .infinite(infinite), .nan(nan), .signaling(signaling)
    );

    // Only e8m0 has numbers whose exponent is that of FP32's subnormal ones: 2^-127 is one place to the left.
    logic        raised;
    logic [7:0]  place;
    logic [23:0] normalized;
    assign raised = is_scale && !significand[23];
    assign place = raised ? 8'd0 : exponent;
    assign normalized = raised ? {significand[22:0], 1'b0} : significand;

    // k is what is left of the last place, v what is right of it. A number below the smallest normal one loses more, so
    // that its last place is that of the subnormal numbers.
    logic        below;
    logic [7:0]  depth, drop;
    logic [23:0] kept;
    logic [33:0] discarded;
    assign below = place < minimum_exponent;
    assign depth = below ? minimum_exponent - place : 8'd0;
    assign drop = depth + 8'd23 - {3'd0, fraction_bits};
    sticky_shifter #(.WIDTH(58), .AMOUNT(8)) split (
        .value({normalized, 34'd0}), .amount(drop), .shifted({kept, discarded})
    );

    logic up, keeps_finite;
    rounding_decision decision (
        .rounding(rounding), .sign(sign), .odd(kept[0]), .discarded(discarded), .random_bits(random_bits),
        .random(random), .up(up), .keeps_finite(keeps_finite)
    );

    // The hidden bit in k adds one to the exponent field, and so does a carry out of the fraction. e8m0 has the hidden
    // bit alone, which its codes do not count; what is below its smallest number becomes that.
    logic [7:0]  field;
    logic [30:0] magnitude;
    logic [23:0] hidden;
    assign field = below ? 8'd0 : place - minimum_exponent;
    assign hidden = 24'd1 << fraction_bits;
    assign magnitude = ({23'd0, field} << fraction_bits) + (is_scale ? 31'd0 : {7'd0, kept})
        + {30'd0, up && !(is_scale && !kept[0])};

    // Tininess is judged after rounding as if the exponent had no end: there, a number just below the smallest normal
    // one keeps a bit more, and escapes if it is all ones and rounds up.
    logic up_unbounded, keeps_finite_unused, tiny, inexact, subnormal, overflows;
    rounding_decision unbounded (
        .rounding(rounding), .sign(sign), .odd(discarded[33]), .discarded({discarded[32:0], 1'b0}),
        .random_bits(random_bits), .random(random), .up(up_unbounded), .keeps_finite(keeps_finite_unused)
    );
    assign inexact = discarded != 34'd0;
    assign tiny = (kept & hidden) == 24'd0 && !(kept == hidden - 24'd1 && discarded[33] && up_unbounded);
    assign subnormal = !is_scale && magnitude != 31'd0 && magnitude < {7'd0, hidden};
    assign overflows = {1'b0, magnitude} > largest;

    // Overflow, and infinities, as the policy has it; NaN where infinity is wanted and the format has none.
    logic to_infinity;
    assign to_infinity = infinite ? overflow != 2'd0 : overflow == 2'd2 && !keeps_finite;

    logic        gives_nan, positive;
    logic [4:0]  number_flags;
    logic [31:0] chosen;
    assign gives_nan = nan || (is_scale && (sign || zero))
        || ((infinite || overflows) && to_infinity && !has_infinity);
    always_comb begin
        number_flags = {3'd0, inexact && tiny, inexact};
        if (gives_nan) chosen = has_nan ? canonical_nan : largest;
        else if (infinite || overflows) chosen = to_infinity ? infinity : largest;
        else if (flush_outputs && subnormal) begin
            chosen = 32'd0;
            number_flags = 5'd3;
        end else chosen = {1'b0, magnitude};
    end

    // A format without NaN keeps the sign of an infinity or a number that overflows, not that of a NaN.
    assign positive = nan || (gives_nan && has_nan);
    assign code = chosen | (sign && !positive ? sign_place : 32'd0);
    always_comb begin
        if (nan) flags = {signaling || !has_nan, 4'd0};
        else if (is_scale && (sign || zero)) flags = 5'd16;
        else if (infinite) flags = to_infinity && has_infinity ? 5'd0 : 5'd5;
        else flags = overflows ? 5'd5 : number_flags;
    end
endmodule
