// Whether a magnitude k + v, 0 <= v < 1, becomes k + 1 by chance (docs/semantics.md, section 6.1): the carry out of
// adding N random bits R to the top discarded ones, in the three forms of IEEE P3109.
//
// form         0 a: floor(v 2^N) + R >= 2^N;  1 b: floor(v 2^(N+1)) + 2R + 1 >= 2^(N+1);  2 c: rne(v 2^N) + R >= 2^N
// discarded    v, 34 bits, the highest worth 1/2; the lowest stands for all that lies below it, too
// random_bits  N, 1...32
// random       the random word; its low N bits are R
//
// The three share one adder: R stands in the top N places and ones below it. a adds v cut to N bits, so nothing below
// R carries. b keeps one bit more of v: with the one below R it carries where that bit is set. c adds v cut to N bits
// and, through the ones below R, a carry in where v rounds up to N bits.
//
// Combinational.
module stochastic_rounding (
    input  logic [1:0]  form,
    input  logic [33:0] discarded,
    input  logic [5:0]  random_bits,
    input  logic [31:0] random,
    output logic        up
);
    logic [5:0]  below;
    logic [32:0] ones_below, top, next, last, kept, addend;
    logic        carry_in;
    logic [32:0] sum_unused;

    // Of the 33 places, R takes the top N; 33 - N are below it, at least one.
    assign below = 6'd33 - random_bits;
    assign ones_below = ~({33{1'b1}} << below);
    assign addend = ({1'b0, random} << below) | ones_below;

    assign top = discarded[33:1] & ~ones_below;
    assign last = (ones_below + 33'd1) & discarded[33:1];
    assign next = (ones_below ^ (ones_below >> 1)) & discarded[33:1];
    assign kept = form == 2'd1 ? top | next : top;
    // Nearest, ties to even, at N bits: the next bit is set, and below it there is anything, or the last bit is odd.
    assign carry_in = form == 2'd2 && next != 33'd0
        && (last != 33'd0 || (discarded[33:1] & (ones_below >> 1)) != 33'd0 || discarded[0]);

    assign {up, sum_unused} = {1'b0, kept} + {1'b0, addend} + {33'd0, carry_in};
endmodule
