// engine_edge: one edge of the tile engine's array: which bytes of a tile its LINES lines of LANES bytes read in a beat, and
// the codes that these are. Combinational.
//
// A tile has rows of codes along k, `pitch` bytes apart from `tile` on. Line j reads row first_line + j, k from first_k on;
// or, with `along_k`, row first_line, and k from first_k + j*P on, P the codes that a line takes in a beat. Codes at rows
// from `rows` on and at k from `depth` on are 0.
//
//   format     as the units' pins: 12 INT4, a code a lane, from two codes a byte; 13 INT4, two codes a lane; else a byte a code
//   addresses  byte i of line j at 24*(j*LANES + i); bytes read there come back in `data`, in the same places
//   codes      for the array
module engine_edge #(
    parameter LINES = 4,
    parameter LANES = 1
) (
    input  logic [23:0]               tile,
    input  logic [15:0]               pitch,
    input  logic [15:0]               rows,
    input  logic [15:0]               depth,
    input  logic [3:0]                format,
    input  logic                      along_k,
    input  logic [15:0]               first_line,
    input  logic [15:0]               first_k,
    output logic [LINES*LANES*24-1:0] addresses,
    input  logic [LINES*LANES*8-1:0]  data,
    output logic [LINES*LANES*8-1:0]  codes
);
    localparam [15:0] WIDTH = LANES[15:0];
    logic packed_codes, nibbles;
    logic [15:0] codes_a_line;
    assign packed_codes = format == 4'd13;
    assign nibbles = format == 4'd12;
    assign codes_a_line = packed_codes ? WIDTH << 1 : WIDTH;

    genvar j, i;
    generate
        for (j = 0; j < LINES; j = j + 1) begin : line
            localparam [15:0] NUMBER = j;
            logic [15:0] row, start;
            logic [23:0] row_start;
            assign row = along_k ? first_line : first_line + NUMBER;
            assign start = along_k ? first_k + NUMBER * codes_a_line : first_k;
            assign row_start = tile + {8'd0, row} * {8'd0, pitch};
            for (i = 0; i < LANES; i = i + 1) begin : lane
                localparam PLACE = j * LANES + i;
                localparam [15:0] OFFSET = i;
                logic [15:0] k, byte_of_row;
                logic [7:0] read;
                assign k = start + (packed_codes ? OFFSET << 1 : OFFSET);
                assign byte_of_row = packed_codes || nibbles ? k >> 1 : k;
                assign addresses[PLACE*24+:24] = row_start + {8'd0, byte_of_row};
                assign read = data[PLACE*8+:8];
                always_comb begin
                    if (row >= rows || k >= depth) codes[PLACE*8+:8] = 8'd0;
                    else if (nibbles) codes[PLACE*8+:8] = {4'd0, k[0] ? read[7:4] : read[3:0]};
                    else if (packed_codes && k + 16'd1 >= depth) codes[PLACE*8+:8] = {4'd0, read[3:0]};
                    else codes[PLACE*8+:8] = read;
                end
            end
        end
    endgenerate
endmodule
