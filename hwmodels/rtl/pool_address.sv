// The reading side of the source `pool` (docs/semantics.md, 4.4), in the order of the elements, for P = WORDS a power
// of two. The pool's 32 * WORDS bits lie in a memory outside; reading it in the next cycle makes the draw two cycles
// after its request.
//
// Element e of block j = e / P reads word (e + rho_j) mod P. The rotation rho_j is (r * P) >> 32, the upper bits of r;
// r is draw j of a shift register of 32 bits and 32 steps a draw.
//
//   load, state_in, place_in   the next element is number place_in of the block whose r is state_in
//   mask                       feedback taps of the rotations
//   enable                     asks for the next element
//   address                    its word, one cycle after enable, with valid_out
module pool_address #(
    parameter WORDS = 4096,
    parameter WIDTH = $clog2(WORDS)
) (
    input  logic             clk,
    input  logic             reset,
    input  logic             load,
    input  logic [31:0]      state_in,
    input  logic [WIDTH-1:0] place_in,
    input  logic [31:0]      mask,
    input  logic             enable,
    output logic             valid_out,
    output logic [WIDTH-1:0] address
);
    logic [WIDTH-1:0] place;
    logic [31:0]      rotation;
    logic [31:0]      unused_state;
    logic             unused_bits;

    generate
        if (WORDS < 2 || WORDS > 1048576 || WORDS != (1 << WIDTH)) begin : refused
`ifdef __ICARUS__
            WORDS_a_power_of_two_from_2_to_1048576 out_of_range ();
`else
            $error("pool_address: WORDS must be a power of two, 2...1048576");
`endif
        end
    endgenerate

    galois_lfsr #(.WIDTH(32), .STEPS(32), .BITS(32)) rotations (
        .clk(clk), .reset(reset), .load(load), .state_in(state_in), .mask(mask),
        .enable(enable && place == {WIDTH{1'b1}}), .state(unused_state), .draw(rotation));

    always_ff @(posedge clk) begin
        if (reset) place <= {WIDTH{1'b0}};
        else if (load) place <= place_in;
        else if (enable) place <= place + 1'b1;

        valid_out <= enable && !reset;
        address <= place + rotation[31-:WIDTH];
    end

    assign unused_bits = &{1'b0, unused_state, rotation[31-WIDTH:0]};
endmodule
