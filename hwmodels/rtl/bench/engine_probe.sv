// engine_probe: tile_engine with its memories on a bus, for a bench that logs what commands leave. Ports as in tile_engine.
//
//   place              a byte of the memories, or a word below each column
//   weight_byte, activation_byte, sums   what stands there, column c at bits c*SUM_BITS…
module engine_probe #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter LANES = 1,
    parameter KIND = 0,
    parameter DEPTH = 1024,
    parameter BEAT = 16,
    parameter VECTOR = 4,
    parameter WEIGHT_BYTES = 4096,
    parameter ACTIVATION_BYTES = 16384,
    parameter COMMANDS = 2048,
    parameter OUTSTANDING = 512,
    parameter SUM_BITS = KIND == 4 ? 88 : 32
) (
    input  logic              clk,
    input  logic              reset,
    input  logic              push,
    input  logic [383:0]      word,
    input  logic              start,
    output logic              request,
    output logic              store,
    output logic [31:0]       address,
    output logic [BEAT-1:0]   strobe,
    output logic [BEAT*8-1:0] store_data,
    input  logic              response,
    input  logic [BEAT*8-1:0] response_data,
    output logic              finished,
    output logic [31:0]       cycle,
    output logic [2:0]        fault,
    output logic [5:0]        begins,
    output logic [5:0]        ends,
    output logic [5:0]        done,
    output logic              transferred,
    input  logic [23:0]       place,
    output logic [7:0]        weight_byte,
    output logic [7:0]        activation_byte,
    output logic [COLUMNS*SUM_BITS-1:0] sums
);
    tile_engine #(
        .ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .KIND(KIND), .DEPTH(DEPTH), .BEAT(BEAT),
        .VECTOR(VECTOR), .WEIGHT_BYTES(WEIGHT_BYTES), .ACTIVATION_BYTES(ACTIVATION_BYTES), .COMMANDS(COMMANDS), .OUTSTANDING(OUTSTANDING)
    ) engine (
        .clk(clk), .reset(reset), .push(push), .word(word), .start(start), .request(request), .store(store), .address(address), .strobe(strobe),
        .store_data(store_data), .response(response), .response_data(response_data), .finished(finished), .cycle(cycle), .fault(fault), .begins(begins), .ends(ends), .done(done), .transferred(transferred)
    );
    assign weight_byte = engine.weight_memory.bytes[place[$clog2(WEIGHT_BYTES)-1:0]];
    assign activation_byte = engine.activation_memory.bytes[place[$clog2(ACTIVATION_BYTES)-1:0]];
    genvar c;
    generate
        for (c = 0; c < COLUMNS; c = c + 1) begin : column
            assign sums[c*SUM_BITS+:SUM_BITS] = engine.array.tile.below[c].accumulator.words[place[$clog2(DEPTH)-1:0]];
        end
    endgenerate
endmodule
