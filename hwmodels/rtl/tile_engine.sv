// tile_engine: one layer's product from memory to memory. DMA, perturbation unit, array and vector unit work side by side, each
// on its own commands in order; weight and activation memory hold tiles, in as many slots as commands make of them.
//
// All it does stands in the command image (hwmodels/rtl/README.md, "The tile engine"), which is pushed word by word before
// `start`: a unit's commands with addresses and sizes, and for each the tokens that it waits for. A token is a count: commands of
// a class that are done. Classes: 0 loads into the weight memory, 1 loads into the activation memory, 2 stores, 3 perturbations,
// 4 products, 5 epilogues. A command is done when its unit has ended it and the ports of the memories have served it
// (docs/architecture.md, "Time").
//
//   push, word         a word of the image; its highest digit says for whom
//   start              the next cycle is cycle 0
//   request, …         DRAM, as in engine_dma; the memory answers loads in order
//   finished           all commands are done; `cycle` cycles after cycle 0, and it stays so
//   fault              bit 0 more commands than room, 1 the array refused one, 2 more loads on their way than room
//   begins, ends, done of each class: this is the first cycle of a command, the last one on its unit (of a load the one in which
//                      its last data arrive), the last one before it is done
//   transferred        the last cycle of a transfer on the DMA
module tile_engine #(
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
    parameter OUTSTANDING = 512
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
    output logic              transferred
);
    localparam WEIGHTS = 4;
    localparam CLASSES = 6;
    localparam SUM_BITS = KIND == 4 ? 88 : 32;

    // The image's words.
    localparam [3:0] SETTINGS = 4'd0, PORT = 4'd5, PRESET = 4'd6;  // 1 to 4: a command of unit 0 to 3
    logic [3:0] kind;
    assign kind = word[383:380];
    logic output_stationary, input_stationary, double_buffered, has_bias, subtract;
    logic [3:0] a_format, b_format, bits;
    logic [7:0] settings, lanes, convert_cycles, multiply_cycles, add_cycles, beat_bytes;
    logic [15:0] burst_bytes, query, tensor;
    logic [63:0] key;
    logic [31:0] step;
    logic [23:0] multiplier;
    logic running;
    always_ff @(posedge clk) begin
        if (reset) begin
            running <= 1'b0;
            cycle <= 32'd0;
        end else begin
            if (start) running <= 1'b1;
            if (running && !finished) cycle <= cycle + 32'd1;
        end
        if (push && kind == SETTINGS)
            {subtract, multiplier, bits, tensor, query, step, key, burst_bytes, beat_bytes, add_cycles, multiply_cycles,
             convert_cycles, lanes, settings, b_format, a_format, has_bias, double_buffered, input_stationary,
             output_stationary} <= word[232:0];
    end

    // Queues: DMA, perturbation, array, vector unit.
    logic [3:0] valid, pop, full, wanted;
    logic [383:0] heads [0:3];
    genvar i, c;
    generate
        for (i = 0; i < 4; i = i + 1) begin : unit
            localparam [3:0] NUMBER = i + 1;
            assign wanted[i] = push && kind == NUMBER;
            engine_queue #(.WIDTH(384), .DEPTH(COMMANDS)) queue (
                .clk(clk), .reset(reset), .push(wanted[i]), .pushed(word), .pop(pop[i]), .valid(valid[i]), .head(heads[i]),
                .full(full[i])
            );
        end
    endgenerate
    logic ahead_valid, ahead_pop, ahead_full;
    logic [131:0] ahead;
    engine_queue #(.WIDTH(132), .DEPTH(COMMANDS)) ahead_queue (
        .clk(clk), .reset(reset), .push(wanted[1]), .pushed(word[259:128]), .pop(ahead_pop), .valid(ahead_valid),
        .head(ahead), .full(ahead_full)
    );

    // Tokens. Counts of this cycle's end are those that `_now` names.
    logic [CLASSES*16-1:0] begun, begun_now, ended, ended_now, served_now, completed, completed_now, pushed_commands;
    logic [5:0] all_done;
    logic [6*CLASSES*16-1:0] served_by;
    logic [5:0] port_full;
    always_comb begin
        for (int k = 0; k < CLASSES; k = k + 1) begin
            begun_now[k*16+:16] = begun[k*16+:16] + {15'd0, begins[k]};
            ended_now[k*16+:16] = ended[k*16+:16] + {15'd0, ends[k]};
            served_now[k*16+:16] = 16'hFFFF;
            for (int p = 0; p < 6; p = p + 1)
                if (served_by[(p*CLASSES+k)*16+:16] < served_now[k*16+:16])
                    served_now[k*16+:16] = served_by[(p*CLASSES+k)*16+:16];
            completed_now[k*16+:16] =
                ended_now[k*16+:16] < served_now[k*16+:16] ? ended_now[k*16+:16] : served_now[k*16+:16];
            done[k] = completed_now[k*16+:16] != completed[k*16+:16];
            all_done[k] = completed[k*16+:16] == pushed_commands[k*16+:16];
        end
    end
    assign finished = running && all_done == 6'b111111;
    always_ff @(posedge clk) begin
        if (reset) begin
            {begun, ended, completed, pushed_commands} <= 0;
        end else begin
            begun <= begun_now;
            ended <= ended_now;
            completed <= completed_now;
            for (int k = 0; k < CLASSES; k = k + 1)
                if (|wanted && word[99:96] == k[3:0])
                    pushed_commands[k*16+:16] <= pushed_commands[k*16+:16] + 16'd1;
        end
    end
    generate
        for (i = 0; i < 6; i = i + 1) begin : memory_port
            localparam [3:0] NUMBER = i;
            engine_port #(.DEPTH(2 * COMMANDS), .CLASSES(CLASSES)) port (
                .clk(clk), .reset(reset), .push(push && kind == PORT && word[3:0] == NUMBER), .pushed(word[55:4]),
                .preset(push && kind == PRESET && word[3:0] == NUMBER), .preset_class(word[7:4]),
                .preset_covers(word[23:8]), .running(running), .started(begun_now),
                .served(served_by[i*CLASSES*16+:CLASSES*16]), .full(port_full[i])
            );
        end
    endgenerate

    // A command may begin when all its tokens are there; the array looks a cycle ahead, as it begins a cycle after it is told.
    logic array_ready;
    /* verilator lint_off UNUSED */  // the array has its own
    logic [3:0] ready;
    /* verilator lint_on UNUSED */
    always_comb begin
        array_ready = running;
        for (int k = 0; k < CLASSES; k = k + 1)
            if (completed_now[k*16+:16] < heads[2][k*16+:16]) array_ready = 1'b0;
        for (int u = 0; u < 4; u = u + 1) begin
            ready[u] = running;
            for (int k = 0; k < CLASSES; k = k + 1)
                if (completed[k*16+:16] < heads[u][k*16+:16]) ready[u] = 1'b0;
        end
    end

    // Memories.
    localparam EDGE = (ROWS + COLUMNS) * LANES;
    localparam WEIGHT_READS = EDGE + WEIGHTS;
    localparam ACTIVATION_READS = EDGE + 4 * VECTOR + BEAT;
    logic [COLUMNS*LANES*24-1:0] column_addresses;
    logic [COLUMNS*LANES*8-1:0] column_bytes;
    logic [ROWS*LANES*24-1:0] row_addresses;
    logic [ROWS*LANES*8-1:0] row_bytes;
    logic [EDGE*8-1:0] weight_edge, activation_edge;
    logic [BEAT*24-1:0] store_addresses, load_addresses;
    logic [BEAT*8-1:0] store_bytes, load_bytes;
    logic [BEAT-1:0] load_enable;
    logic load_activation;
    logic [23:0] perturbed_address;
    logic [WEIGHTS*24-1:0] perturbed_addresses;
    logic [8*WEIGHTS-1:0] stored_codes, perturbed_codes;
    logic perturbed;
    logic [VECTOR*24-1:0] scale_address, result_address;
    logic [VECTOR*32-1:0] scales, results;
    logic [VECTOR-1:0] result_enable;
    logic [4*VECTOR*24-1:0] scale_addresses, result_addresses;
    logic [4*VECTOR-1:0] result_enables;
    generate
        for (i = 0; i < WEIGHTS; i = i + 1) begin : perturbed_byte
            localparam [23:0] OFFSET = i;
            assign perturbed_addresses[i*24+:24] = perturbed_address + OFFSET;
        end
        for (i = 0; i < VECTOR; i = i + 1) begin : lane
            for (c = 0; c < 4; c = c + 1) begin : place
                localparam [23:0] OFFSET = c;
                assign scale_addresses[(4*i+c)*24+:24] = scale_address[i*24+:24] + OFFSET;
                assign result_addresses[(4*i+c)*24+:24] = result_address[i*24+:24] + OFFSET;
                assign result_enables[4*i+c] = result_enable[i];
            end
        end
    endgenerate
    tile_memory #(.BYTES(WEIGHT_BYTES), .READS(WEIGHT_READS), .WRITES(BEAT + WEIGHTS)) weight_memory (
        .clk(clk), .read_address({perturbed_addresses, row_addresses, column_addresses}),
        .read_data({stored_codes, weight_edge}),
        .write_enable({{WEIGHTS{perturbed}}, load_enable & {BEAT{!load_activation}}}),
        .write_address({perturbed_addresses, load_addresses}), .write_data({perturbed_codes, load_bytes})
    );
    tile_memory #(.BYTES(ACTIVATION_BYTES), .READS(ACTIVATION_READS), .WRITES(BEAT + 4 * VECTOR)) activation_memory (
        .clk(clk), .read_address({store_addresses, scale_addresses, row_addresses, column_addresses}),
        .read_data({store_bytes, scales, activation_edge}),
        .write_enable({result_enables, load_enable & {BEAT{load_activation}}}),
        .write_address({result_addresses, load_addresses}), .write_data({results, load_bytes})
    );
    assign column_bytes =
        input_stationary ? activation_edge[COLUMNS*LANES*8-1:0] : weight_edge[COLUMNS*LANES*8-1:0];
    assign row_bytes =
        input_stationary ? weight_edge[EDGE*8-1:COLUMNS*LANES*8] : activation_edge[EDGE*8-1:COLUMNS*LANES*8];

    // Units.
    logic dma_begins, dma_ends, arrived, array_taken, array_fault, dma_fault;
    engine_dma #(.BEAT(BEAT), .OUTSTANDING(OUTSTANDING)) dma (
        .clk(clk), .reset(reset), .valid(valid[0]), .ready(ready[0]), .command(heads[0][259:128]), .beat_bytes(beat_bytes),
        .burst_bytes(burst_bytes), .begins(dma_begins), .ends(dma_ends), .arrived(arrived), .request(request),
        .store(store), .address(address), .strobe(strobe), .store_data(store_data), .response(response),
        .response_data(response_data), .read_address(store_addresses), .read_data(store_bytes),
        .write_enable(load_enable), .write_address(load_addresses), .write_data(load_bytes),
        .write_activation(load_activation), .fault(dma_fault)
    );
    engine_perturbation #(.WEIGHTS(WEIGHTS)) perturbation (
        .clk(clk), .reset(reset), .valid(valid[1]), .ready(ready[1]), .command(heads[1][259:128]),
        .ahead_valid(ahead_valid), .ahead(ahead), .ahead_pop(ahead_pop), .begins(begins[3]), .ends(ends[3]), .key(key),
        .step(step), .query(query), .tensor(tensor), .bits(bits), .multiplier(multiplier), .subtract(subtract),
        .address(perturbed_address), .enable(perturbed), .codes(stored_codes), .codes_out(perturbed_codes)
    );
    logic [VECTOR*16-1:0] sum_address;
    logic [VECTOR*COLUMNS*SUM_BITS-1:0] sums;
    engine_array #(
        .ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .KIND(KIND), .DEPTH(DEPTH), .READS(VECTOR)
    ) array (
        .clk(clk), .reset(reset), .valid(valid[2]), .ready(array_ready), .command(heads[2][331:128]),
        .output_stationary(output_stationary), .input_stationary(input_stationary), .double_buffered(double_buffered),
        .a_format(a_format), .b_format(b_format), .settings(settings), .taken(array_taken), .begins(begins[4]),
        .ends(ends[4]), .fault(array_fault), .column_addresses(column_addresses), .column_bytes(column_bytes),
        .row_addresses(row_addresses), .row_bytes(row_bytes), .read_address(sum_address), .read(sums)
    );
    engine_vector #(.ROWS(ROWS), .COLUMNS(COLUMNS), .KIND(KIND), .VECTOR(VECTOR)) vector (
        .clk(clk), .reset(reset), .valid(valid[3]), .ready(ready[3]), .command(heads[3][287:128]),
        .output_stationary(output_stationary), .input_stationary(input_stationary), .has_bias(has_bias), .lanes(lanes),
        .convert_cycles(convert_cycles), .multiply_cycles(multiply_cycles), .add_cycles(add_cycles), .begins(begins[5]),
        .ends(ends[5]), .sum_address(sum_address), .sums(sums), .read_address(scale_address), .read_data(scales),
        .write_enable(result_enable), .write_address(result_address), .write_data(results)
    );
    assign pop = {begins[5], array_taken, begins[3], dma_begins};

    // Of the DMA's commands: which class begins and ends. A load ends, for whoever waits, when its data are there.
    assign begins[2:0] = dma_begins ? (heads[0][128] ? 3'b100 : heads[0][129] ? 3'b010 : 3'b001) : 3'b000;
    assign ends[0] = arrived && !load_activation;
    assign ends[1] = arrived && load_activation;
    assign ends[2] = dma_ends && store;

    assign transferred = dma_ends;

    logic [2:0] faults;
    always_ff @(posedge clk) begin
        if (reset) faults <= 3'b0;
        else faults <= faults | {dma_fault, array_fault, |full || ahead_full || |port_full};
    end
    assign fault = faults;
endmodule
