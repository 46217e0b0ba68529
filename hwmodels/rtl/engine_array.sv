// engine_array: the array of the tile engine with its accumulator memory, and the address generators that feed it from the
// tile memories.
//
//   valid, ready, command   the next command: {rows_last, groups, folds, beats, depth, columns (n), rows (m), first_word,
//                           activation_pitch, activation_tile, weight_pitch, weight_tile, flags}, flags: bit 0 accumulates,
//                           bit 1 blocked; ready: it may have its beat 0 in the next cycle
//   output_stationary, input_stationary, double_buffered, a_format, b_format, settings  of all commands; a_format of
//                           activations, b_format of weights
//   taken                   the command is taken from its queue: its beat 0 is the next cycle, when `begins` is 1
//   ends                    the last of the cycles that section 11 counts; the last sum is taken in the next one
//   column_*, row_*         bytes of tiles that enter from above and from the left. Weights enter from above, activations
//                           from the left; with input_stationary the other way round
//   read_address, read      READS ports into the accumulator memory, as in array_tile
module engine_array #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter LANES = 1,
    parameter KIND = 0,
    parameter DEPTH = 1024,
    parameter READS = 4,
    parameter SUM_BITS = KIND == 4 ? 88 : 32
) (
    input  logic                               clk,
    input  logic                               reset,
    input  logic                               valid,
    input  logic                               ready,
    input  logic [203:0]                       command,
    input  logic                               output_stationary,
    input  logic                               input_stationary,
    input  logic                               double_buffered,
    input  logic [3:0]                         a_format,
    input  logic [3:0]                         b_format,
    input  logic [7:0]                         settings,
    output logic                               taken,
    output logic                               begins,
    output logic                               ends,
    output logic                               fault,
    output logic [COLUMNS*LANES*24-1:0]        column_addresses,
    input  logic [COLUMNS*LANES*8-1:0]         column_bytes,
    output logic [ROWS*LANES*24-1:0]           row_addresses,
    input  logic [ROWS*LANES*8-1:0]            row_bytes,
    input  logic [READS*16-1:0]                read_address,
    output logic [READS*COLUMNS*SUM_BITS-1:0]  read
);
    generate
        if (COLUMNS < 2) begin : refused
`ifdef __ICARUS__
            COLUMNS_2_to_64 out_of_range ();
`else
            $error("engine_array: COLUMNS must be 2 to 64");
`endif
        end
    endgenerate

    logic available, row_request, column_request;
    logic [ROWS*LANES*8-1:0] row_data;
    logic [COLUMNS*LANES*8-1:0] column_data;
    /* verilator lint_off UNUSED */
    logic unused_busy, unused_done;
    logic [31:0] unused_row_address, unused_column_address, unused_cycles;
    logic [COLUMNS*SUM_BITS-1:0] unused_result;
    /* verilator lint_on UNUSED */

    logic [3:0]  flags;
    logic [23:0] weight_tile, activation_tile;
    logic [15:0] weight_pitch, activation_pitch, first_word, m, n, depth, beats, folds, groups;
    logic [7:0]  rows_last;
    assign {rows_last, groups, folds, beats, depth, n, m, first_word, activation_pitch, activation_tile, weight_pitch,
            weight_tile, flags} = command;
    assign taken = valid && ready && available;

    array_tile #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .KIND(KIND), .DEPTH(DEPTH), .READS(READS)) tile (
        .clk(clk), .reset(reset), .start(taken), .output_stationary(output_stationary),
        .double_buffered(double_buffered), .blocked(flags[1]), .beats(beats), .folds(folds), .groups(groups),
        .rows_last(rows_last[6:0]), .a_format(input_stationary ? b_format : a_format),
        .b_format(input_stationary ? a_format : b_format), .settings(settings), .accumulate(flags[0]),
        .first_word(first_word), .close(1'b1), .available(available), .ending(ends), .row_request(row_request),
        .row_address(unused_row_address), .row_data(row_data), .column_request(column_request),
        .column_address(unused_column_address), .column_data(column_data), .busy(unused_busy), .done(unused_done),
        .fault(fault), .cycles(unused_cycles), .result_address(16'd0), .result(unused_result),
        .read_address(read_address), .read(read)
    );

    // The command whose operands enter: they are all in before the next one is taken.
    logic [23:0] column_tile, row_tile;
    logic [15:0] column_pitch, row_pitch, column_lines, row_lines, k_end, beats_kept, folds_kept;
    always_ff @(posedge clk) begin
        begins <= taken && !reset;
        if (taken) begin
            column_tile <= input_stationary ? activation_tile : weight_tile;
            column_pitch <= input_stationary ? activation_pitch : weight_pitch;
            column_lines <= input_stationary ? m : n;
            row_tile <= input_stationary ? weight_tile : activation_tile;
            row_pitch <= input_stationary ? weight_pitch : activation_pitch;
            row_lines <= input_stationary ? n : m;
            k_end <= depth;
            beats_kept <= beats;
            folds_kept <= folds;
        end
    end

    // Operands from above: fold by fold the rows of the array from the last one up (output-stationary: beat by beat), folds
    // of one tile of outputs, then the next COLUMNS lines.
    localparam [15:0] R = ROWS[15:0];
    localparam [15:0] C = COLUMNS[15:0];
    localparam [15:0] P = LANES[15:0];
    logic [15:0] codes, column_beat, column_fold, column_line, column_k, column_step, column_steps;
    logic [15:0] row_beat, row_fold, row_line, row_k;
    logic column_fold_ends, column_tile_ends, row_fold_ends, row_tile_ends, lines_end;
    assign codes = a_format == 4'd13 ? P << 1 : P;
    assign column_steps = output_stationary ? beats_kept : R;
    assign column_fold_ends = column_beat == column_steps - 16'd1;
    assign column_tile_ends = column_fold_ends && column_fold == folds_kept - 16'd1;
    assign lines_end = column_line + C >= column_lines;
    assign column_step = column_fold * column_steps
        + (output_stationary ? column_beat : R - 16'd1 - column_beat);
    assign column_k = column_step * codes;
    // Operands from the left: beat by beat, fold by fold; output-stationary the next ROWS lines when all lines above are done.
    assign row_fold_ends = row_beat == beats_kept - 16'd1;
    assign row_tile_ends = row_fold_ends && row_fold == folds_kept - 16'd1;
    assign row_k = (output_stationary ? row_fold * beats_kept + row_beat : row_fold * R) * codes;
    always_ff @(posedge clk) begin
        if (reset || taken) begin
            {column_beat, column_fold, column_line, row_beat, row_fold, row_line} <= 96'd0;
        end else begin
            if (column_request) begin
                column_beat <= column_fold_ends ? 16'd0 : column_beat + 16'd1;
                if (column_fold_ends) column_fold <= column_tile_ends ? 16'd0 : column_fold + 16'd1;
                if (column_tile_ends) column_line <= output_stationary && lines_end ? 16'd0 : column_line + C;
            end
            if (row_request) begin
                row_beat <= row_fold_ends ? 16'd0 : row_beat + 16'd1;
                if (row_fold_ends) row_fold <= row_tile_ends ? 16'd0 : row_fold + 16'd1;
                if (output_stationary && row_tile_ends && lines_end) row_line <= row_line + R;
            end
        end
    end

    engine_edge #(.LINES(COLUMNS), .LANES(LANES)) above (
        .tile(column_tile), .pitch(column_pitch), .rows(column_lines), .depth(k_end),
        .format(input_stationary ? a_format : b_format), .along_k(1'b0), .first_line(column_line), .first_k(column_k),
        .addresses(column_addresses), .data(column_bytes), .codes(column_data)
    );
    engine_edge #(.LINES(ROWS), .LANES(LANES)) left (
        .tile(row_tile), .pitch(row_pitch), .rows(row_lines), .depth(k_end),
        .format(input_stationary ? b_format : a_format), .along_k(!output_stationary),
        .first_line(output_stationary ? row_line : row_beat), .first_k(row_k), .addresses(row_addresses),
        .data(row_bytes), .codes(row_data)
    );
    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = rows_last[7] ^ ^flags[3:2];
    /* verilator lint_on UNUSED */
endmodule
