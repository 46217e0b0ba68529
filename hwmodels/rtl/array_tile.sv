// array_tile: a systolic array with its controller, the skew of its edges, and accumulator memory below its columns:
// one command makes tiles of outputs, one after another (semantics 11, and 8.4 for what they are).
//
//   start              begins a command with the pins beside it (kept until it ends), if none runs
//   output_stationary  else weight- or input-stationary, which differ only in what the caller puts where
//   double_buffered    the next fold's operands enter while this one's are at work
//   blocked            each fold is a block, added in the accumulator memory; else re-entry, one chain through all
//                      folds
//   beats, folds, groups  T, F and G, 1 or more; rows_last: U, rows that take part in a tile's last fold, 1...ROWS
//   a_format, b_format of the operand that moves right, and of the one from above; settings: of mac and addition
//   row_request, row_address        asks for a word that row_data brings in the same cycle: word f*T + m (f*T + t) with f
//                      = 0...G*F - 1, row r's codes at bits r*8*LANES…
//   column_request, column_address  likewise column_data, column c's codes at bits c*8*LANES…: word f*ROWS + i holds
//                      row ROWS-1-i's weights of fold f (of rows that take no part anything: they are never multiplied);
//                      in output-stationary word f*T + t
//   accumulate, first_word, close, available, ending  of commands that follow each other closely, as in array_controller
//   read_address, read READS ports into the accumulator memory at any time: word read_address of all columns (port i at
//                      bits i*COLUMNS*SUM_BITS…), as it will be at the end of this cycle
//   busy, done         done is high in the one cycle after the beat in which the last sum is taken
//   fault              the command breaks a rule (array_controller says which) and does not run; until the next start
//   cycles             section 11's count, with done and until the next start
//   result_address, result  word result_address of all columns, column c at bits c*SUM_BITS…, while no command runs;
//                      a tile's words behind those of the tile before
//
// Beat 0 is the cycle after start; a command takes cycles + 1 beats until its last sum lies in the accumulator memory.
// KIND 0 integer, 1 sequential (LANES 1), 2 grouped (LANES is G), 3 aligned (LANES is G), 4 exact. DEPTH: accumulator
// words a column. SUM_BITS is derived.
module array_tile #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter LANES = 1,
    parameter KIND = 0,
    parameter DEPTH = 256,
    parameter READS = 0,
    parameter SUM_BITS = KIND == 4 ? 88 : 32,
    parameter PORTS = READS > 0 ? READS : 1
) (
    input  logic                        clk,
    input  logic                        reset,
    input  logic                        start,
    input  logic                        output_stationary,
    input  logic                        double_buffered,
    input  logic                        blocked,
    input  logic [15:0]                 beats,
    input  logic [15:0]                 folds,
    input  logic [15:0]                 groups,
    input  logic [6:0]                  rows_last,
    input  logic [3:0]                  a_format,
    input  logic [3:0]                  b_format,
    input  logic [7:0]                  settings,
    input  logic                        accumulate,
    input  logic [15:0]                 first_word,
    input  logic                        close,
    output logic                        available,
    output logic                        ending,
    output logic                        row_request,
    output logic [31:0]                 row_address,
    input  logic [ROWS*8*LANES-1:0]     row_data,
    output logic                        column_request,
    output logic [31:0]                 column_address,
    input  logic [COLUMNS*8*LANES-1:0]  column_data,
    output logic                        busy,
    output logic                        done,
    output logic                        fault,
    output logic [31:0]                 cycles,
    input  logic [15:0]                 result_address,
    output logic [COLUMNS*SUM_BITS-1:0] result,
    input  logic [PORTS*16-1:0]         read_address,
    output logic [PORTS*COLUMNS*SUM_BITS-1:0] read
);
    generate
        if (ROWS < 1 || ROWS > 64 || COLUMNS < 1 || COLUMNS > 64 || LANES < 1 || LANES > 1024 || KIND < 0 || KIND > 4
            || (KIND == 1 && LANES != 1) || DEPTH < 1 || DEPTH > 65536 || SUM_BITS != (KIND == 4 ? 88 : 32))
        begin : refused
`ifdef __ICARUS__
            ROWS_COLUMNS_LANES_KIND_or_DEPTH out_of_range ();
`else
            $error("array_tile: ROWS and COLUMNS must be 1 to 64, LANES 1 to 1024 (KIND 1: 1), KIND 0 to 4, DEPTH 1 to 65536");
`endif
        end
    endgenerate

    // No lanes are refused above; without this the refusal would drown in errors about what is missing.
    localparam BUILT_LANES = LANES < 1 ? 1 : LANES;
    localparam CODES = 8 * BUILT_LANES;
    localparam ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;

    logic accepted, output_stationary_kept, blocked_kept;
    logic [6:0] rows_taking_part;
    logic row_first, row_last, row_partial;
    logic shift_enable, fill, insert, enter, take, take_first, fold_ends, command_ends;
    logic [ADDRESS_BITS-1:0] enter_address, take_address;
    logic fold_ends_column_last, command_ends_column_last, command_ends_column_before;
    array_controller #(.ROWS(ROWS), .DEPTH(DEPTH)) controller (
        .clk(clk), .reset(reset), .start(start), .output_stationary_in(output_stationary),
        .double_buffered_in(double_buffered), .blocked_in(blocked), .beats_in(beats), .folds_in(folds), .groups_in(groups),
        .rows_last_in(rows_last), .accumulate_in(accumulate), .first_word_in(first_word), .close(close), .available(available),
        .ending(ending), .accepted(accepted), .output_stationary(output_stationary_kept),
        .blocked(blocked_kept), .rows_taking_part(rows_taking_part), .busy(busy), .done(done), .fault(fault),
        .cycles(cycles), .row_request(row_request), .row_address(row_address), .row_first(row_first),
        .row_last(row_last), .row_partial(row_partial), .column_request(column_request),
        .column_address(column_address), .shift_enable(shift_enable), .fill(fill),
        .insert(insert), .enter(enter), .enter_address(enter_address), .take(take),
        .take_address(take_address), .take_first(take_first), .fold_ends(fold_ends), .command_ends(command_ends),
        .fold_ends_column_last(fold_ends_column_last), .command_ends_column_last(command_ends_column_last),
        .command_ends_column_before(command_ends_column_before)
    );

    logic [3:0] a_format_kept, b_format_kept;
    logic [7:0] settings_kept;
    always_ff @(posedge clk) begin
        if (reset) {a_format_kept, b_format_kept, settings_kept} <= 16'b0;
        else if (accepted) {a_format_kept, b_format_kept, settings_kept} <= {a_format, b_format, settings};
    end

    // The left edge: codes of rows that take part, and 0 in all other beats.
    logic [ROWS*CODES-1:0] row_codes, a_edge;
    logic [ROWS-1:0] valid_edge, first_edge, last_edge;
    logic [ROWS*4-1:0] row_taps;
    edge_delay #(.LINES(ROWS), .WIDTH(4)) row_delay (
        .clk(clk), .reset(reset), .in({row_request, row_first, row_last, row_partial}), .taps(row_taps)
    );
    edge_skew #(.LINES(ROWS), .WIDTH(CODES)) row_skew (.clk(clk), .reset(reset), .in(row_codes), .out(a_edge));
    genvar r, c;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : left
            localparam [6:0] ROW = r;
            logic beyond, streams, starts, ends, partial;
            assign beyond = ROW >= rows_taking_part;
            assign row_codes[r*CODES+:CODES] =
                row_request && !(row_partial && beyond) ? row_data[r*CODES+:CODES] : {CODES{1'b0}};
            assign {streams, starts, ends, partial} = row_taps[r*4+:4];
            assign valid_edge[r] = streams && !(partial && beyond);
            assign first_edge[r] = valid_edge[r] && starts;
            assign last_edge[r] = valid_edge[r] && ends;
        end
    endgenerate

    // The upper edge, and what happens below.
    localparam ENTRY_BITS = 4 + ADDRESS_BITS;
    localparam TAKING_BITS = 4 + ADDRESS_BITS;
    logic [COLUMNS*CODES-1:0] column_codes, shift_edge;
    logic [COLUMNS*ENTRY_BITS-1:0] entry_taps;
    logic [COLUMNS*TAKING_BITS-1:0] taking_taps;
    logic [COLUMNS-1:0] shift_enable_edge, fill_edge, insert_edge;
    logic [COLUMNS*SUM_BITS-1:0] sum_edge, sums;
    assign column_codes = column_request ? column_data : {COLUMNS*CODES{1'b0}};
    edge_skew #(.LINES(COLUMNS), .WIDTH(CODES)) column_skew (
        .clk(clk), .reset(reset), .in(column_codes), .out(shift_edge)
    );
    edge_delay #(.LINES(COLUMNS), .WIDTH(ENTRY_BITS)) entry_delay (
        .clk(clk), .reset(reset), .in({shift_enable, fill, insert, enter, enter_address}), .taps(entry_taps)
    );
    edge_delay #(.LINES(COLUMNS), .WIDTH(TAKING_BITS)) taking_delay (
        .clk(clk), .reset(reset), .in({fold_ends, command_ends, take, take_first, take_address}), .taps(taking_taps)
    );
    assign {fold_ends_column_last, command_ends_column_last} = taking_taps[COLUMNS*TAKING_BITS-1-:2];
    localparam COLUMN_BEFORE = COLUMNS > 1 ? COLUMNS - 1 : 1;
    assign command_ends_column_before = taking_taps[COLUMN_BEFORE*TAKING_BITS-2];

    systolic_array #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(BUILT_LANES), .KIND(KIND)) systolic_array (
        .clk(clk), .reset(reset), .output_stationary(output_stationary_kept), .a_format(a_format_kept),
        .b_format(b_format_kept), .settings(settings_kept), .a_edge(a_edge), .valid_edge(valid_edge),
        .first_edge(first_edge), .last_edge(last_edge), .shift_edge(shift_edge), .sum_edge(sum_edge),
        .insert_edge(insert_edge), .shift_enable(shift_enable_edge), .fill(fill_edge), .sums(sums)
    );

    generate
        if (ADDRESS_BITS < 16) begin : few_words
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = ^result_address[15:ADDRESS_BITS] ^ ^read_address;  // words behind DEPTH are not there
            /* verilator lint_on UNUSED */
        end
        if (READS == 0) begin : no_reads
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = ^read_address;
            /* verilator lint_on UNUSED */
        end
        for (r = 0; r < PORTS; r = r + 1) begin : port
            logic [ADDRESS_BITS-1:0] address;
            assign address = read_address[r*16+:ADDRESS_BITS];
        end
        for (c = 0; c < COLUMNS; c = c + 1) begin : below
            logic column_enters, column_takes, column_takes_first;
            logic [1:0] unused_ends;
            logic [PORTS*ADDRESS_BITS-1:0] column_read_address;
            logic [PORTS*SUM_BITS-1:0] column_read;
            for (r = 0; r < PORTS; r = r + 1) begin : reading
                assign column_read_address[r*ADDRESS_BITS+:ADDRESS_BITS] = port[r].address;
                assign read[(r*COLUMNS+c)*SUM_BITS+:SUM_BITS] = column_read[r*SUM_BITS+:SUM_BITS];
            end
            logic [ADDRESS_BITS-1:0] column_enter_address, column_take_address;
            assign {shift_enable_edge[c], fill_edge[c], insert_edge[c], column_enters, column_enter_address} =
                entry_taps[c*ENTRY_BITS+:ENTRY_BITS];
            assign {unused_ends, column_takes, column_takes_first, column_take_address} =
                taking_taps[c*TAKING_BITS+:TAKING_BITS];
            accumulator_column #(.KIND(KIND), .DEPTH(DEPTH), .READS(READS)) accumulator (
                .clk(clk), .blocked(blocked_kept), .settings(settings_kept), .enter(column_enters),
                .enter_address(column_enter_address), .take(column_takes), .take_first(column_takes_first),
                .take_address(column_take_address), .sum(sums[c*SUM_BITS+:SUM_BITS]),
                .sum_in(sum_edge[c*SUM_BITS+:SUM_BITS]), .idle(!busy),
                .result_address(result_address[ADDRESS_BITS-1:0]), .result(result[c*SUM_BITS+:SUM_BITS]),
                .read_address(column_read_address), .read(column_read)
            );
        end
    endgenerate
endmodule
