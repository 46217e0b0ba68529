// systolic_array: ROWS × COLUMNS processing elements (semantics 11). Operands, already skewed, enter row r from the
// left and column c from above; sums leave below the last row. Each PE is one cycle from its neighbours.
//
//   row r at bit r of valid, first, last and at bits r*8*LANES… of a_edge
//   column c at bit c of shift_enable, fill, insert and at bits c*8*LANES… of shift_edge, c*SUM_BITS… of sum_edge
//   sums               the registers `sum` of the last row, column c at bits c*SUM_BITS…
//   other ports        as in pe
//
// A PE's registers are found at row[r].column[c].pe.
module systolic_array #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter LANES = 1,
    parameter KIND = 0,
    parameter SUM_BITS = KIND == 4 ? 88 : 32
) (
    input  logic                        clk,
    input  logic                        reset,
    input  logic                        output_stationary,
    input  logic [3:0]                  a_format,
    input  logic [3:0]                  b_format,
    input  logic [7:0]                  settings,
    input  logic [ROWS*8*LANES-1:0]     a_edge,
    input  logic [ROWS-1:0]             valid_edge,
    input  logic [ROWS-1:0]             first_edge,
    input  logic [ROWS-1:0]             last_edge,
    input  logic [COLUMNS*8*LANES-1:0]  shift_edge,
    input  logic [COLUMNS*SUM_BITS-1:0] sum_edge,
    input  logic [COLUMNS-1:0]          insert_edge,
    input  logic [COLUMNS-1:0]          shift_enable,
    input  logic [COLUMNS-1:0]          fill,
    output logic [COLUMNS*SUM_BITS-1:0] sums
);
    generate
        if (ROWS < 1 || ROWS > 64 || COLUMNS < 1 || COLUMNS > 64) begin : refused
`ifdef __ICARUS__
            ROWS_and_COLUMNS_1_to_64 out_of_range ();
`else
            $error("systolic_array: ROWS and COLUMNS must be 1 to 64");
`endif
        end
    endgenerate

    localparam CODES = 8 * LANES;
    // No rows are refused above; without this the refusal would drown in errors about what is missing.
    localparam BUILT_ROWS = ROWS < 1 ? 1 : ROWS;

    genvar r, c;
    generate
        for (r = 0; r < BUILT_ROWS; r = r + 1) begin : row
            for (c = 0; c < COLUMNS; c = c + 1) begin : column
                logic [CODES-1:0] a_in, shift_in;
                logic valid_in, first_in, last_in, insert_in;
                /* verilator lint_off UNUSED */  // nothing stands right of the last column and below the last row
                logic [CODES-1:0] a, shift;
                logic valid, first, last, insert_late;
                /* verilator lint_on UNUSED */
                logic [SUM_BITS-1:0] sum_in, sum;

                if (c == 0) begin : from_edge
                    assign a_in = a_edge[r*CODES+:CODES];
                    assign {valid_in, first_in, last_in} = {valid_edge[r], first_edge[r], last_edge[r]};
                end else begin : from_left
                    assign a_in = row[r].column[c-1].a;
                    assign valid_in = row[r].column[c-1].valid;
                    assign first_in = row[r].column[c-1].first;
                    assign last_in = row[r].column[c-1].last;
                end
                if (r == 0) begin : from_top
                    assign shift_in = shift_edge[c*CODES+:CODES];
                    assign sum_in = sum_edge[c*SUM_BITS+:SUM_BITS];
                    assign insert_in = insert_edge[c];
                end else begin : from_above
                    assign shift_in = row[r-1].column[c].shift;
                    assign sum_in = row[r-1].column[c].sum;
                    assign insert_in = row[r-1].column[c].insert_late;
                end

                pe #(.LANES(LANES), .KIND(KIND)) pe (
                    .clk(clk), .reset(reset), .output_stationary(output_stationary), .a_format(a_format),
                    .b_format(b_format), .settings(settings), .shift_enable(shift_enable[c]), .fill(fill[c]),
                    .a_in(a_in), .valid_in(valid_in), .first_in(first_in), .last_in(last_in), .shift_in(shift_in),
                    .sum_in(sum_in), .insert_in(insert_in), .a(a), .valid(valid), .first(first), .last(last),
                    .shift(shift), .sum(sum), .insert_late(insert_late)
                );
            end
        end
        for (c = 0; c < COLUMNS; c = c + 1) begin : below
            assign sums[c*SUM_BITS+:SUM_BITS] = row[BUILT_ROWS-1].column[c].sum;
        end
    endgenerate
endmodule
