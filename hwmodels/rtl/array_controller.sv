// array_controller: the sequence of one command (semantics 11, "What enters when"), beat by beat, for row 0 and
// column 0; rows and columns behind them see the same signals later (edge_delay).
//
//   start              begins a command with the pins beside it, if none runs; they are kept until it ends. Beat 0 is
//                      the next cycle. A command that breaks a rule raises fault instead, and nothing runs: beats (T),
//                      folds (F) or groups (G) 0, rows_last (U) outside 1...ROWS (in output-stationary, too, where
//                      nothing else looks at it), more outputs a column than DEPTH in all groups, F > 1 with
//                      re-entry in output-stationary
//   accumulate         the first fold adds to what the words hold: in re-entry their sums enter it, in blocked the block
//                      is added. In output-stationary it needs blocked
//   first_word         where the command's first sum is taken to
//   close              a start is taken in the last two beats of a command, too, so that commands can follow each other
//                      without a beat between them: beat 0 is then the beat in which the last sum is taken, or the next.
//                      Formats and blocked have to be the same. Else a start is ignored while a command runs
//   available          a start would be taken now
//   ending             the beat before the last sum is taken, one column to the left of it; with one column that beat
//   busy, done, fault  done is high for one cycle, the one after the beat in which the last sum is taken; fault stays
//                      until the next start
//   cycles             section 11's count: complete with done, kept until the next start
//   row_*, column_*    a request has its data in the same beat; addresses count up from 0 through all folds of all
//                      groups
//   row_request, row_first, row_last  also valid, first and last of row 0; row_partial: only rows below
//                      rows_taking_part (the kept U) take part in this fold
//   shift_enable, fill, insert, enter, enter_address, take, take_address, take_first  of column 0, as in pe and
//                      accumulator_column
//   fold_ends, command_ends  column 0 takes the last sum of a fold, of the command; *_column_last: the last column does
//
// Three sequences run beside each other, each a counter: weights shift in (not in output-stationary), operands stream,
// sums are taken. One starts another, or an event that the last column sends back does.
module array_controller #(
    parameter ROWS = 4,
    parameter DEPTH = 256,
    parameter ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    start,
    input  logic                    output_stationary_in,
    input  logic                    double_buffered_in,
    input  logic                    blocked_in,
    input  logic [15:0]             beats_in,
    input  logic [15:0]             folds_in,
    input  logic [15:0]             groups_in,
    input  logic [6:0]              rows_last_in,
    input  logic                    accumulate_in,
    input  logic [15:0]             first_word_in,
    input  logic                    close,
    output logic                    available,
    output logic                    ending,
    output logic                    accepted,
    output logic                    output_stationary,
    output logic                    blocked,
    output logic [6:0]              rows_taking_part,
    output logic                    busy,
    output logic                    done,
    output logic                    fault,
    output logic [31:0]             cycles,
    output logic                    row_request,
    output logic [31:0]             row_address,
    output logic                    row_first,
    output logic                    row_last,
    output logic                    row_partial,
    output logic                    column_request,
    output logic [31:0]             column_address,
    output logic                    shift_enable,
    output logic                    fill,
    output logic                    insert,
    output logic                    enter,
    output logic [ADDRESS_BITS-1:0] enter_address,
    output logic                    take,
    output logic [ADDRESS_BITS-1:0] take_address,
    output logic                    take_first,
    output logic                    fold_ends,
    output logic                    command_ends,
    input  logic                    fold_ends_column_last,
    input  logic                    command_ends_column_last,
    input  logic                    command_ends_column_before
);
    generate
        if (ROWS < 1 || ROWS > 64 || DEPTH < 1 || DEPTH > 65536) begin : refused
`ifdef __ICARUS__
            ROWS_1_to_64_DEPTH_1_to_65536 out_of_range ();
`else
            $error("array_controller: ROWS must be 1 to 64, DEPTH 1 to 65536");
`endif
        end
    endgenerate

    localparam [6:0] R = ROWS[6:0];
    localparam [31:0] WORDS = DEPTH;

    // The command.
    logic double_buffered, accumulate;
    logic [15:0] beats, folds, groups, outputs_in;
    logic breaks_rule;
    assign outputs_in = output_stationary_in ? {9'b0, R} : beats_in;
    assign breaks_rule = beats_in == 0 || folds_in == 0 || groups_in == 0 || rows_last_in == 0 || rows_last_in > R
        || {16'b0, outputs_in} * {16'b0, groups_in} + {16'b0, first_word_in} > WORDS
        || (output_stationary_in && !blocked_in && (folds_in != 16'd1 || accumulate_in));

    logic opening;  // beat 0
    logic leaves;   // the last sum is taken; in beat 0 it is the command's before
    assign leaves = command_ends_column_last && !opening;
    assign ending = busy && command_ends_column_before;
    assign available = !busy || (close && (ending || leaves));
    assign accepted = start && available && !breaks_rule;

    always_ff @(posedge clk) begin
        if (reset) begin
            {busy, done, fault, opening} <= 4'b0;
            {output_stationary, double_buffered, blocked, accumulate} <= 4'b0;
            beats <= 0;
            folds <= 0;
            groups <= 0;
            rows_taking_part <= 0;
            cycles <= 0;
        end else begin
            opening <= accepted;
            done <= busy && command_ends_column_last;
            if (busy) begin
                if (leaves) busy <= 1'b0;
                else cycles <= cycles + 32'd1;
            end
            if (start && available) begin
                fault <= breaks_rule;
                if (!breaks_rule) begin
                    busy <= 1'b1;
                    accumulate <= accumulate_in;
                    output_stationary <= output_stationary_in;
                    double_buffered <= double_buffered_in;
                    blocked <= blocked_in;
                    beats <= beats_in;
                    folds <= folds_in;
                    groups <= groups_in;
                    rows_taking_part <= rows_last_in;
                    cycles <= 0;
                end
            end
        end
    end

    // Weights shift in. With double buffering the next fold's follow when the array's waiting registers fall free, that
    // is when its stream begins; else when the fold before has left the array.
    logic load_starts, load_runs, loading, stream_starts;
    logic [6:0] load_counter, load_beat;
    logic [15:0] load_fold, load_group;
    assign load_starts = !output_stationary
        && (opening || (load_group != groups && (double_buffered ? stream_starts : fold_ends_column_last)));
    assign loading = load_starts || load_runs;
    assign load_beat = load_starts ? 7'd0 : load_counter;
    assign shift_enable = loading;
    assign fill = loading && load_beat == R - 7'd1;
    logic filled;  // column 0's waiting registers hold weights whose stream has not begun
    always_ff @(posedge clk) begin
        if (reset) begin
            {load_runs, filled} <= 2'b0;
            load_counter <= 0;
            load_fold <= 0;
            load_group <= 0;
        end else begin
            load_runs <= loading && !fill;
            load_counter <= load_beat + 7'd1;
            if (accepted) {load_fold, load_group} <= 32'd0;
            else if (fill && load_fold == folds - 16'd1) {load_fold, load_group} <= {16'd0, load_group + 16'd1};
            else if (fill) load_fold <= load_fold + 16'd1;
            if (fill) filled <= 1'b1;
            else if (stream_starts) filled <= 1'b0;
        end
    end

    // Operands stream. In output-stationary with double buffering a fold begins at least ROWS beats after the one
    // before, so that the held sums of one fold leave before those of the next are there.
    logic stream_runs, streaming, may_stream;
    logic [15:0] stream_counter, stream_beat, stream_fold, stream_group, enter_base;
    logic [6:0] spacing;
    assign may_stream = opening
        || (stream_group != groups && !stream_runs && (double_buffered ? spacing <= 7'd1 : fold_ends_column_last));
    assign stream_starts = busy && (output_stationary ? may_stream : filled && !stream_runs);
    assign streaming = stream_starts || stream_runs;
    assign stream_beat = stream_starts ? 16'd0 : stream_counter;
    assign row_request = streaming;
    assign row_first = stream_starts;
    assign row_last = streaming && stream_beat == beats - 16'd1;
    assign row_partial = streaming && !output_stationary && stream_fold == folds - 16'd1;
    assign enter = streaming && !output_stationary && !blocked && (stream_fold != 0 || accumulate);
    assign enter_address = enter_base[ADDRESS_BITS-1:0] + stream_beat[ADDRESS_BITS-1:0];
    always_ff @(posedge clk) begin
        if (reset) begin
            {stream_runs, insert} <= 2'b0;
            stream_counter <= 0;
            stream_fold <= 0;
            stream_group <= 0;
            enter_base <= 0;
            spacing <= 0;
        end else begin
            stream_runs <= streaming && !row_last;
            stream_counter <= stream_beat + 16'd1;
            if (accepted) {stream_fold, stream_group, enter_base} <= {32'd0, first_word_in};
            else if (row_last && stream_fold == folds - 16'd1) begin
                stream_fold <= 0;
                stream_group <= stream_group + 16'd1;
                enter_base <= enter_base + beats;
            end else if (row_last) stream_fold <= stream_fold + 16'd1;
            if (stream_starts) spacing <= R;
            else if (spacing != 0) spacing <= spacing - 7'd1;
            insert <= output_stationary && row_last;
        end
    end

    // Addresses.
    assign column_request = output_stationary ? streaming : loading;
    always_ff @(posedge clk) begin
        if (reset || accepted) begin
            row_address <= 0;
            column_address <= 0;
        end else begin
            if (row_request) row_address <= row_address + 32'd1;
            if (column_request) column_address <= column_address + 32'd1;
        end
    end

    // Sums are taken from ROWS beats after a stream's begin, or after row 0 inserts its sum. Two folds are never closer
    // than ROWS beats, so one timer is enough.
    logic take_starts, take_runs, due, group_ends;
    logic [6:0] until_take;
    logic [15:0] take_counter, take_beat, take_fold, take_group, take_base, outputs;
    assign due = output_stationary ? insert : stream_starts;
    assign outputs = output_stationary ? {9'b0, R} : beats;
    assign take_starts = until_take == 7'd1;
    assign take = take_starts || take_runs;
    assign take_beat = take_starts ? 16'd0 : take_counter;
    assign take_address = take_base[ADDRESS_BITS-1:0] + take_beat[ADDRESS_BITS-1:0];
    assign take_first = take_fold == 0 && !accumulate;
    assign fold_ends = take && take_beat == outputs - 16'd1;
    assign group_ends = fold_ends && take_fold == folds - 16'd1;
    assign command_ends = group_ends && take_group == groups - 16'd1;
    always_ff @(posedge clk) begin
        if (reset) begin
            take_runs <= 1'b0;
            take_counter <= 0;
            take_fold <= 0;
            take_group <= 0;
            take_base <= 0;
            until_take <= 0;
        end else begin
            take_runs <= take && !fold_ends;
            take_counter <= take_beat + 16'd1;
            if (accepted) {take_fold, take_group, take_base} <= {32'd0, first_word_in};
            else if (group_ends) begin
                take_fold <= 0;
                take_group <= take_group + 16'd1;
                take_base <= take_base + outputs;
            end else if (fold_ends) take_fold <= take_fold + 16'd1;
            if (due) until_take <= R;
            else if (until_take != 0) until_take <= until_take - 7'd1;
        end
    end
endmodule
