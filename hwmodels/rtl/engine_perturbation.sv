// engine_perturbation: the perturbation unit of the tile engine, between load and array (docs/semantics.md, sections 4, 5 and
// 10): weights of a tile become clamp(k + d, 127), or clamp(k - d, 127), in place, WEIGHTS a cycle. INT8 codes, Philox.
//
// What is drawn depends on places alone, so it is drawn ahead, as soon as commands are there: 12 cycles on the way, then up
// to 32 cycles' worth waits. A command so takes a cycle for WEIGHTS weights, from its first cycle on.
//
//   valid, ready, command   the next command: {row, first_element, columns, rows, tile, flags (not used)}: the tile's place in
//                           the weight memory; its weights' places in their tensor, whose rows have `row` elements. columns,
//                           row and first_element are multiples of WEIGHTS
//   ahead_valid, ahead      the commands again, for drawing; ahead_pop takes one
//   begins, ends            first and last cycle; the command is popped with begins
//   key, step, query, tensor, bits, multiplier, subtract   as in perturbation_unit, the same for all commands
//   address, codes          WEIGHTS neighbouring bytes of the weight memory; written back in the same cycle with `enable`
module engine_perturbation #(
    parameter WEIGHTS = 4
) (
    input  logic                 clk,
    input  logic                 reset,
    input  logic                 valid,
    input  logic                 ready,
    input  logic [131:0]         command,
    input  logic                 ahead_valid,
    input  logic [131:0]         ahead,
    output logic                 ahead_pop,
    output logic                 begins,
    output logic                 ends,
    input  logic [63:0]          key,
    input  logic [31:0]          step,
    input  logic [15:0]          query,
    input  logic [15:0]          tensor,
    input  logic [3:0]           bits,
    input  logic [23:0]          multiplier,
    input  logic                 subtract,
    output logic [23:0]          address,
    output logic                 enable,
    input  logic [8*WEIGHTS-1:0] codes,
    output logic [8*WEIGHTS-1:0] codes_out
);
    localparam [15:0] W = WEIGHTS[15:0];

    // Drawing: a walk over the tile's rows.
    logic walking, draws, row_ends;
    logic [15:0] walk_rows, walk_columns, column, rows_left, kept_column, kept_rows;
    logic [47:0] row_start, kept_start;
    logic [23:0] row_length;
    logic [5:0] room;
    logic taken;
    assign row_length = ahead[131:108];
    assign walk_rows = ahead[43:28];
    assign walk_columns = ahead[59:44];
    assign row_start = walking ? kept_start : ahead[107:60];
    assign column = walking ? kept_column : 16'd0;
    assign rows_left = walking ? kept_rows : walk_rows;
    assign draws = ahead_valid && room != 6'd0 && !reset;
    assign row_ends = column + W >= walk_columns;
    assign ahead_pop = draws && row_ends && rows_left == 16'd1;
    always_ff @(posedge clk) begin
        if (reset) begin
            walking <= 1'b0;
            room <= 6'd32;
        end else begin
            if (draws) walking <= !ahead_pop;
            room <= room - {5'd0, draws} + {5'd0, taken};
        end
        if (draws) begin
            kept_column <= row_ends ? 16'd0 : column + W;
            kept_rows <= row_ends ? rows_left - 16'd1 : rows_left;
            kept_start <= row_ends ? row_start + {24'd0, row_length} : row_start;
        end
    end

    // Draws to perturbations in grid steps: 10 cycles, 1, 1.
    logic drawn, coded, rounded;
    logic [32*WEIGHTS-1:0] words;
    logic [16*WEIGHTS-1:0] first_roundings, grid_roundings, grid_roundings_1;
    logic [16*WEIGHTS-1:0] steps, steps_1;
    philox_draws #(.WEIGHTS(WEIGHTS)) philox (
        .clk(clk), .reset(reset), .valid_in(draws), .first_element(row_start + {32'd0, column}), .key(key), .step(step),
        .query(query), .tensor(tensor), .valid_out(drawn), .words(words), .first_roundings(first_roundings),
        .grid_roundings(grid_roundings)
    );
    always_ff @(posedge clk) begin
        {coded, rounded} <= reset ? 2'b0 : {drawn, coded};
        grid_roundings_1 <= grid_roundings;
        steps_1 <= steps;
    end

    // What waits.
    logic [16*WEIGHTS-1:0] waiting [0:31];
    logic [5:0] written, read;
    logic [16*WEIGHTS-1:0] next;
    assign next = waiting[read[4:0]];
    always_ff @(posedge clk) begin
        if (rounded) waiting[written[4:0]] <= steps_1;
        if (reset) {written, read} <= 12'd0;
        else begin
            if (rounded) written <= written + 6'd1;
            if (taken) read <= read + 6'd1;
        end
    end

    // The weights.
    logic busy;
    logic [31:0] left, kept_left;
    logic [23:0] kept_address;
    assign begins = valid && ready && !busy && read != written;
    assign taken = (begins || busy) && read != written;
    assign enable = taken;
    assign left = busy ? kept_left : {16'd0, command[43:28]} * {16'd0, command[59:44]};
    assign address = busy ? kept_address : command[27:4];
    assign ends = taken && left <= {16'd0, W};
    always_ff @(posedge clk) begin
        if (reset) busy <= 1'b0;
        else busy <= (begins || busy) && !ends;
        if (begins || busy) begin
            kept_left <= taken ? left - {16'd0, W} : left;
            kept_address <= taken ? address + {8'd0, W} : address;
        end
    end

    genvar i;
    generate
        for (i = 0; i < WEIGHTS; i = i + 1) begin : weight
            logic [9:0] t;
            logic [7:0] u, u_1;
            irwin_hall gaussian (.word(words[32*i+:32]), .t(t));
            perturbation_code code (.t(t), .bits(bits), .random(first_roundings[16*i+:16]), .u(u));
            always_ff @(posedge clk) u_1 <= u;
            grid_rounding grid (
                .u(u_1), .multiplier(multiplier), .random(grid_roundings_1[16*i+:16]), .d(steps[16*i+:16])
            );
            perturb clamped_sum (
                .k(codes[8*i+:8]), .d(next[16*i+:16]), .subtract(subtract), .code(codes_out[8*i+:8])
            );
        end
    endgenerate
    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = ^ahead[27:0] ^ ^command[131:60] ^ ^command[3:0];
    /* verilator lint_on UNUSED */
endmodule
