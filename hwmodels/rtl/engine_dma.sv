// engine_dma: moves tiles between DRAM and the tile memories. A tile is `runs` runs of `run_bytes` in DRAM, `pitch` apart;
// on the chip they lie one behind the other. Each run is covered by whole bursts, of which beat_bytes move in a cycle.
// Loads go on while data of earlier ones are on their way: DRAM answers in order, a latency later.
//
//   valid, ready, command   the next command: {pitch, run_bytes, runs, tile_address, dram_address, flags}, flags: bit 0
//                           store, bit 1 the activation memory, else the weight memory; ready: it may begin
//   beat_bytes, burst_bytes bytes a cycle, 1…BEAT, and bytes a burst: powers of two, a burst a multiple of a beat
//   begins, ends            first and last cycle of a command on the engine; the command is popped with begins
//   arrived                 the last data of a load are written to the tile memory at the end of this cycle
//   request, store          a beat of DRAM is read or written; address is a multiple of beat_bytes; strobe: bytes written
//   response, response_data the beat of the oldest load whose data have not come yet
//   read_address, read_data bytes of a tile that is stored
//   write_*                 bytes of a tile that is loaded; write_activation: to which memory (of the load whose data come)
module engine_dma #(
    parameter BEAT = 16,
    parameter OUTSTANDING = 512
) (
    input  logic               clk,
    input  logic               reset,
    input  logic               valid,
    input  logic               ready,
    input  logic [131:0]       command,
    input  logic [7:0]         beat_bytes,
    input  logic [15:0]        burst_bytes,
    output logic               begins,
    output logic               ends,
    output logic               arrived,
    output logic               request,
    output logic               store,
    output logic [31:0]        address,
    output logic [BEAT-1:0]    strobe,
    output logic [BEAT*8-1:0]  store_data,
    input  logic               response,
    input  logic [BEAT*8-1:0]  response_data,
    output logic [BEAT*24-1:0] read_address,
    input  logic [BEAT*8-1:0]  read_data,
    output logic [BEAT-1:0]    write_enable,
    output logic [BEAT*24-1:0] write_address,
    output logic [BEAT*8-1:0]  write_data,
    output logic               write_activation,
    output logic               fault
);
    generate
        if (BEAT < 1 || BEAT > 128 || BEAT != 1 << $clog2(BEAT)) begin : refused
`ifdef __ICARUS__
            BEAT_a_power_of_two_from_1_to_128 out_of_range ();
`else
            $error("engine_dma: BEAT must be a power of two, 1 to 128");
`endif
        end
    endgenerate

    // The command that begins, or the rest of the one that runs.
    logic        busy, kept_store, kept_activation, activation;
    logic [31:0] pitch, kept_pitch, run_start, kept_start, run_end, place, kept_place, burst_mask, covered_end;
    logic [23:0] run_bytes, kept_bytes, tile, kept_tile;
    logic [15:0] runs, kept_runs;
    assign begins = valid && ready && !busy;
    assign burst_mask = ~{16'd0, burst_bytes - 16'd1};
    assign store = busy ? kept_store : command[0];
    assign activation = busy ? kept_activation : command[1];
    assign run_start = busy ? kept_start : command[35:4];
    assign tile = busy ? kept_tile : command[59:36];
    assign runs = busy ? kept_runs : command[75:60];
    assign run_bytes = busy ? kept_bytes : command[99:76];
    assign pitch = busy ? kept_pitch : command[131:100];
    assign place = busy ? kept_place : command[35:4] & burst_mask;

    // A beat: which of its bytes belong to the run.
    logic [31:0] beat_end, low_end, next_start;
    logic [7:0]  low, high, count;
    logic        run_ends;
    assign run_end = run_start + {8'd0, run_bytes};
    assign covered_end = (run_end + {16'd0, burst_bytes} - 32'd1) & burst_mask;
    assign beat_end = place + {24'd0, beat_bytes};
    assign low_end = run_end < beat_end ? run_end : beat_end;
    assign run_ends = beat_end == covered_end;
    assign next_start = run_start + pitch;
    always_comb begin
        low = place < run_start ? (run_start < beat_end ? run_start[7:0] - place[7:0] : beat_bytes) : 8'd0;
        high = low_end > place ? low_end[7:0] - place[7:0] : 8'd0;
        count = high > low ? high - low : 8'd0;
    end
    assign request = begins || busy;
    assign address = place;
    assign ends = request && run_ends && runs == 16'd1;

    // Bytes of a store, from the tile to their places in the beat.
    always_comb begin
        for (int i = 0; i < BEAT; i = i + 1) begin
            read_address[i*24+:24] = tile + i[23:0];
            strobe[i] = request && store && i[7:0] >= low && i[7:0] < low + count;
        end
        store_data = read_data << {low, 3'd0};
    end

    // Where the data of loads that are on their way belong.
    localparam TAG_BITS = 24 + 8 + 8 + 2;
    localparam POINTER_BITS = $clog2(OUTSTANDING);
    localparam [POINTER_BITS:0] ALL = OUTSTANDING[POINTER_BITS:0];
    logic [TAG_BITS-1:0] tags [0:OUTSTANDING-1];
    logic [TAG_BITS-1:0] tag, new_tag;
    logic [POINTER_BITS:0] asked, answered;
    logic tag_last, none_left;
    logic [23:0] tag_tile;
    logic [7:0] tag_low, tag_count;
    assign new_tag = {tile, low, count, activation, ends};
    // An answer in the same cycle is for the request of this cycle where no other is left.
    assign none_left = asked == answered;
    assign tag = none_left ? new_tag : tags[answered[POINTER_BITS-1:0]];
    assign {tag_tile, tag_low, tag_count, write_activation, tag_last} = tag;
    assign arrived = response && tag_last;
    always_comb begin
        write_data = response_data >> {tag_low, 3'd0};
        for (int i = 0; i < BEAT; i = i + 1) begin
            write_enable[i] = response && i[7:0] < tag_count;
            write_address[i*24+:24] = tag_tile + i[23:0];
        end
    end

    /* verilator lint_off UNUSED */
    logic unused;
    assign unused = ^command[3:2];
    /* verilator lint_on UNUSED */
    always_ff @(posedge clk) begin
        if (request && !store) tags[asked[POINTER_BITS-1:0]] <= new_tag;
        if (reset) begin
            busy <= 1'b0;
            asked <= 0;
            answered <= 0;
            fault <= 1'b0;
        end else begin
            if (request && !store) asked <= asked + 1'b1;
            if (response) answered <= answered + 1'b1;
            if (asked - answered == ALL) fault <= 1'b1;
            busy <= request && !ends;
        end
        kept_store <= store;
        kept_activation <= activation;
        kept_bytes <= run_bytes;
        kept_pitch <= pitch;
        kept_tile <= tile + {16'd0, count};
        kept_runs <= run_ends ? runs - 16'd1 : runs;
        kept_start <= run_ends ? next_start : run_start;
        kept_place <= run_ends ? next_start & burst_mask : beat_end;
    end
endmodule
