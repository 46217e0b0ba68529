// mac_normalizer: shifts a number left until its leading one is in the top bit, and says by how much. Combinational.
//
// A stage for each bit of the count, the widest shift first: it shifts where as many bits from the top are zeros. So
// count and shift cost one chain of WIDTH-bit multiplexers.
//
//   value       the number
//   normalized  value << count
//   count       the number of leading zeros; not meaningful where value is 0
module mac_normalizer #(
    parameter integer WIDTH = 32,
    parameter integer COUNT_BITS = $clog2(WIDTH)
) (
    input  logic [WIDTH-1:0]      value,
    output logic [WIDTH-1:0]      normalized,
    output logic [COUNT_BITS-1:0] count
);
    generate
        if (WIDTH < 2 || WIDTH > 256) begin : refused
`ifdef __ICARUS__
            WIDTH_2_to_256 out_of_range ();
`else
            $error("mac_normalizer: WIDTH has to be 2 to 256");
`endif
        end
    endgenerate

    function automatic logic [COUNT_BITS+WIDTH-1:0] normalize(input logic [WIDTH-1:0] unshifted);
        logic [WIDTH-1:0] shifted;
        logic [COUNT_BITS-1:0] zeros;
        shifted = unshifted;
        for (integer stage = COUNT_BITS - 1; stage >= 0; stage = stage - 1) begin
            // The top 2^stage bits, without a part-select of varying width.
            zeros[stage] = (shifted >> (WIDTH - (1 << stage))) == {WIDTH{1'b0}};
            if (zeros[stage]) shifted = shifted << (1 << stage);
        end
        normalize = {zeros, shifted};
    endfunction
    assign {count, normalized} = normalize(value);
endmodule
