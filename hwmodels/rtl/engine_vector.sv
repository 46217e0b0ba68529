// engine_vector: the epilogue of the tile engine (docs/semantics.md, section 8.5): sums of a tile of outputs to FP32 numbers,
//
//     y = fl(fl(float(sum) * weight_scale) * activation_scale) + bias
//
// `lanes` outputs at a time, row by row, one operation after another: float(sum) of integers, two products, the sum with the
// bias where there is one. Each takes its cycles; the last one writes the result.
//
//   valid, ready, command   the next command: {result, bias, second_scales, first_scales, beats, columns (n), rows (m),
//                           first_word}: bytes in the activation memory, and the first word of the tile in the accumulator
//                           memory, which holds beats words for each COLUMNS columns (ROWS words, output-stationary)
//   begins, ends            first and last cycle; the command is popped with begins
//   sum_address, sums       VECTOR ports of the accumulator memory, all columns of a word
//   read_address, read_data VECTOR words of four bytes of the activation memory
//   write_*                 VECTOR results
module engine_vector #(
    parameter ROWS = 4,
    parameter COLUMNS = 4,
    parameter KIND = 0,
    parameter VECTOR = 4,
    parameter SUM_BITS = KIND == 4 ? 88 : 32
) (
    input  logic                               clk,
    input  logic                               reset,
    input  logic                               valid,
    input  logic                               ready,
    input  logic [159:0]                       command,
    input  logic                               output_stationary,
    input  logic                               input_stationary,
    input  logic                               has_bias,
    input  logic [7:0]                         lanes,
    input  logic [7:0]                         convert_cycles,
    input  logic [7:0]                         multiply_cycles,
    input  logic [7:0]                         add_cycles,
    output logic                               begins,
    output logic                               ends,
    output logic [VECTOR*16-1:0]               sum_address,
    input  logic [VECTOR*COLUMNS*SUM_BITS-1:0] sums,
    output logic [VECTOR*24-1:0]               read_address,
    input  logic [VECTOR*32-1:0]               read_data,
    output logic [VECTOR-1:0]                  write_enable,
    output logic [VECTOR*24-1:0]               write_address,
    output logic [VECTOR*32-1:0]               write_data
);
    generate
        if (VECTOR < 1 || VECTOR > 64) begin : refused
`ifdef __ICARUS__
            VECTOR_1_to_64 out_of_range ();
`else
            $error("engine_vector: VECTOR must be 1 to 64");
`endif
        end
    endgenerate

    localparam [1:0] CONVERT = 2'd0, BY_WEIGHT = 2'd1, BY_ACTIVATION = 2'd2, BIAS = 2'd3;
    localparam [1:0] FIRST = KIND == 0 ? CONVERT : BY_WEIGHT;

    logic busy;
    logic [159:0] kept, running;
    logic [15:0] first_word, m, n, beats, row, column, kept_row, kept_column;
    logic [23:0] first_scales, second_scales, bias, result, place, kept_place;
    logic [1:0] operation, kept_operation, last_operation, next_operation;
    logic [7:0] spent, kept_spent, takes;
    logic operation_ends, pass_ends;
    assign begins = valid && ready && !busy;
    assign running = busy ? kept : command;
    assign {result, bias, second_scales, first_scales, beats, n, m, first_word} = running;
    assign row = busy ? kept_row : 16'd0;
    assign column = busy ? kept_column : 16'd0;
    assign place = busy ? kept_place : result;
    assign operation = busy ? kept_operation : FIRST;
    assign spent = busy ? kept_spent : 8'd0;
    assign takes = operation == CONVERT ? convert_cycles : operation == BIAS ? add_cycles : multiply_cycles;
    assign last_operation = has_bias ? BIAS : BY_ACTIVATION;
    assign next_operation = operation == last_operation ? FIRST : operation + 2'd1;
    assign operation_ends = (begins || busy) && spent + 8'd1 == takes;
    assign pass_ends = operation_ends && operation == last_operation;

    // Outputs of a pass: lane by lane the next column, then the next row.
    localparam [15:0] C = COLUMNS[15:0];
    localparam [15:0] R = ROWS[15:0];
    logic [15:0] rows [0:VECTOR], columns [0:VECTOR];
    logic [VECTOR-1:0] there;
    logic [15:0] next_row, next_column, groups_a_row;
    assign groups_a_row = (n + C - 16'd1) / C;
    always_comb begin
        rows[0] = row;
        columns[0] = column;
        next_row = row;
        next_column = column;
        for (int i = 0; i < VECTOR; i = i + 1) begin
            there[i] = i[7:0] < lanes && rows[i] < m;
            columns[i+1] = columns[i] + 16'd1 == n ? 16'd0 : columns[i] + 16'd1;
            rows[i+1] = columns[i] + 16'd1 == n ? rows[i] + 16'd1 : rows[i];
            if (i[7:0] < lanes) {next_row, next_column} = {rows[i+1], columns[i+1]};
        end
    end
    assign ends = pass_ends && next_row >= m;

    always_ff @(posedge clk) begin
        if (reset) busy <= 1'b0;
        else busy <= (begins || busy) && !ends;
        kept <= running;
        kept_spent <= operation_ends ? 8'd0 : spent + 8'd1;
        kept_operation <= operation_ends ? next_operation : operation;
        kept_row <= pass_ends ? next_row : row;
        kept_column <= pass_ends ? next_column : column;
        kept_place <= pass_ends ? place + {14'd0, lanes, 2'd0} : place;
    end

    genvar i;
    generate
        for (i = 0; i < VECTOR; i = i + 1) begin : lane
            localparam [23:0] OFFSET = 4 * i;
            logic [15:0] line, across, word, group;
            logic [COLUMNS*SUM_BITS-1:0] words;
            logic [SUM_BITS-1:0] sum;
            logic [31:0] value, y, term, converted, product, biased, next;
            logic [4:0] product_flags_unused, sum_flags_unused;
            /* verilator lint_off UNUSED */  // a column is less than COLUMNS
            logic [15:0] place_in_word;
            /* verilator lint_on UNUSED */

            // Where the sum is: lines are a tile's words, across it lie the columns of the array.
            assign line = input_stationary ? columns[i] : rows[i];
            assign across = input_stationary ? rows[i] : columns[i];
            assign group = output_stationary ? line / R * groups_a_row + across / C : across / C;
            assign word = first_word + group * (output_stationary ? R : beats) + (output_stationary ? line % R : line);
            assign place_in_word = across % C;
            assign sum_address[i*16+:16] = word;
            assign words = sums[i*COLUMNS*SUM_BITS+:COLUMNS*SUM_BITS];
            always_comb begin
                sum = words[SUM_BITS-1:0];
                for (int c = 1; c < COLUMNS; c = c + 1)
                    if (place_in_word == c[15:0]) sum = words[c*SUM_BITS+:SUM_BITS];
            end

            always_comb begin
                case (operation)
                    BY_WEIGHT: read_address[i*24+:24] = second_scales + {6'd0, columns[i], 2'd0};
                    BY_ACTIVATION: read_address[i*24+:24] = first_scales + {6'd0, rows[i], 2'd0};
                    default: read_address[i*24+:24] = bias + {6'd0, columns[i], 2'd0};
                endcase
            end
            assign term = read_data[i*32+:32];

            if (KIND == 0) begin : integers
                int32_to_fp32 convert (.a(sum), .result(converted));
                assign value = y;
            end else if (KIND == 4) begin : exact
                logic [31:0] rounded;
                exact_round round (.state(sum), .result(rounded));
                assign converted = 32'd0;
                assign value = operation == FIRST ? rounded : y;
            end else begin : numbers
                assign converted = 32'd0;
                assign value = operation == FIRST ? sum : y;
            end
            fp32_multiplier scale (
                .a(value), .b(term), .rounding(4'd0), .result(product), .flags(product_flags_unused)
            );
            fp32_adder add (.a(y), .b(term), .rounding(4'd0), .result(biased), .flags(sum_flags_unused));
            assign next = operation == CONVERT ? converted : operation == BIAS ? biased : product;
            always_ff @(posedge clk) if (operation_ends) y <= next;

            assign write_enable[i] = pass_ends && there[i];
            assign write_address[i*24+:24] = place + OFFSET;
            assign write_data[i*32+:32] = next;
        end
    endgenerate
endmodule
