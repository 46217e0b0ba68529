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
    always_comb begin
        normalized = value;
        count = {COUNT_BITS{1'b0}};
        for (integer stage = COUNT_BITS - 1; stage >= 0; stage = stage - 1) begin
            // The top 2^stage bits, without a part-select of varying width.
            if ((normalized >> (WIDTH - (1 << stage))) == {WIDTH{1'b0}}) begin
                normalized = normalized << (1 << stage);
                count[stage] = 1'b1;
            end
        end
    end
endmodule
