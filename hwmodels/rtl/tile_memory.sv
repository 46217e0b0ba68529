// tile_memory: an on-chip memory of the tile engine: BYTES bytes with READS ports that read a byte and WRITES ports that
// write one, wherever it lies. Reads are combinational, a byte is written at the end of a cycle; no two ports write one
// byte in one cycle. Addresses above BYTES wrap.
//
// Port i at bit i of the enables, at bits 24*i… of the addresses and 8*i… of the data.
module tile_memory #(
    parameter BYTES = 4096,
    parameter READS = 4,
    parameter WRITES = 4
) (
    input  logic                 clk,
    input  logic [READS*24-1:0]  read_address,
    output logic [READS*8-1:0]   read_data,
    input  logic [WRITES-1:0]    write_enable,
    input  logic [WRITES*24-1:0] write_address,
    input  logic [WRITES*8-1:0]  write_data
);
    localparam ADDRESS_BITS = $clog2(BYTES);

    generate
        if (BYTES < 2 || BYTES > 1048576 || BYTES != 1 << ADDRESS_BITS) begin : refused
`ifdef __ICARUS__
            BYTES_a_power_of_two_from_2_to_1048576 out_of_range ();
`else
            $error("tile_memory: BYTES must be a power of two, 2 to 1048576");
`endif
        end
    endgenerate

    logic [7:0] bytes [0:BYTES-1];
    /* verilator lint_off UNUSED */  // addresses above BYTES
    logic [23:0] write_places [0:WRITES-1];
    /* verilator lint_on UNUSED */
    genvar i;
    generate
        for (i = 0; i < READS; i = i + 1) begin : reading
            /* verilator lint_off UNUSED */
            logic [23:0] place;
            /* verilator lint_on UNUSED */
            assign place = read_address[i*24+:24];
            assign read_data[i*8+:8] = bytes[place[ADDRESS_BITS-1:0]];
        end
        for (i = 0; i < WRITES; i = i + 1) begin : writing
            assign write_places[i] = write_address[i*24+:24];
            always_ff @(posedge clk)
                if (write_enable[i]) bytes[write_places[i][ADDRESS_BITS-1:0]] <= write_data[i*8+:8];
        end
    endgenerate
endmodule
