// array_probe: array_tile with every register of every processing element on one bus, for a bench that compares them
// with a model's, beat by beat. Ports as in array_tile.
//
//   registers  PE (r, c) at slice r*COLUMNS + c of PE_BITS; in a slice, from its top bit: a, valid, first, last, shift,
//              waiting, active, accumulating, held, sum, insert_early, insert_late
module array_probe #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter LANES = 1,
    parameter KIND = 0,
    parameter DEPTH = 256,
    parameter SUM_BITS = KIND == 4 ? 88 : 32,
    parameter PE_BITS = 4 * 8 * LANES + 3 * SUM_BITS + 5
) (
    input  logic                            clk,
    input  logic                            reset,
    input  logic                            start,
    input  logic                            output_stationary,
    input  logic                            double_buffered,
    input  logic                            blocked,
    input  logic [15:0]                     beats,
    input  logic [15:0]                     folds,
    input  logic [15:0]                     groups,
    input  logic [6:0]                      rows_last,
    input  logic [3:0]                      a_format,
    input  logic [3:0]                      b_format,
    input  logic [7:0]                      settings,
    output logic                            row_request,
    output logic [31:0]                     row_address,
    input  logic [ROWS*8*LANES-1:0]         row_data,
    output logic                            column_request,
    output logic [31:0]                     column_address,
    input  logic [COLUMNS*8*LANES-1:0]      column_data,
    output logic                            busy,
    output logic                            done,
    output logic                            fault,
    output logic [31:0]                     cycles,
    input  logic [15:0]                     result_address,
    output logic [COLUMNS*SUM_BITS-1:0]     result,
    output logic [ROWS*COLUMNS*PE_BITS-1:0] registers
);
    /* verilator lint_off UNUSED */
    logic unused_available, unused_ending;
    logic [COLUMNS*SUM_BITS-1:0] unused_read;
    /* verilator lint_on UNUSED */
    array_tile #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .KIND(KIND), .DEPTH(DEPTH)) tile (
        .clk(clk), .reset(reset), .start(start), .output_stationary(output_stationary),
        .double_buffered(double_buffered), .blocked(blocked), .beats(beats), .folds(folds), .groups(groups), .rows_last(rows_last),
        .a_format(a_format), .b_format(b_format), .settings(settings), .accumulate(1'b0), .first_word(16'd0), .close(1'b0),
        .available(unused_available), .ending(unused_ending), .read_address(16'd0), .read(unused_read),
        .row_request(row_request),
        .row_address(row_address), .row_data(row_data), .column_request(column_request),
        .column_address(column_address), .column_data(column_data), .busy(busy), .done(done), .fault(fault),
        .cycles(cycles), .result_address(result_address), .result(result)
    );

    genvar r, c;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : row
            for (c = 0; c < COLUMNS; c = c + 1) begin : column
                assign registers[(r*COLUMNS+c)*PE_BITS+:PE_BITS] = {
                    tile.systolic_array.row[r].column[c].pe.a,
                    tile.systolic_array.row[r].column[c].pe.valid,
                    tile.systolic_array.row[r].column[c].pe.first,
                    tile.systolic_array.row[r].column[c].pe.last,
                    tile.systolic_array.row[r].column[c].pe.shift,
                    tile.systolic_array.row[r].column[c].pe.waiting,
                    tile.systolic_array.row[r].column[c].pe.active,
                    tile.systolic_array.row[r].column[c].pe.accumulating,
                    tile.systolic_array.row[r].column[c].pe.held,
                    tile.systolic_array.row[r].column[c].pe.sum,
                    tile.systolic_array.row[r].column[c].pe.insert_early,
                    tile.systolic_array.row[r].column[c].pe.insert_late
                };
            end
        end
    endgenerate
endmodule
