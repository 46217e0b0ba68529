// engine_port: one way into an on-chip memory of the tile engine (docs/architecture.md, "Ports"). It serves commands in
// order of issue, whatever unit they are on: a command's accesses are taken up when the command has started and all that
// was issued before is served, and take the cycles that the command was given.
//
//   push, pushed   an entry: {covers, cycles, number, class}. It belongs to command `number` (from 1) of a class and needs
//                  the port for `cycles`, 1 or more; once it is served, commands of the class up to number `covers` are,
//                  as those behind it up to there do not use this port
//   preset, preset_class, preset_covers   the same before any is served
//   started        of each class, commands that have started, those that start in this cycle with them
//   served         of each class, commands that this port is done with at the end of this cycle; all, where a class does
//                  not use it
module engine_port #(
    parameter DEPTH = 1024,
    parameter CLASSES = 6
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  push,
    input  logic [51:0]           pushed,
    input  logic                  preset,
    input  logic [3:0]            preset_class,
    input  logic [15:0]           preset_covers,
    input  logic                  running,
    input  logic [CLASSES*16-1:0] started,
    output logic [CLASSES*16-1:0] served,
    output logic                  full
);
    logic valid, serves, begins, ends;
    logic [51:0] head;
    logic [3:0] of_class;
    logic [15:0] number, cycles, covers, started_number, left;
    engine_queue #(.WIDTH(52), .DEPTH(DEPTH)) queue (
        .clk(clk), .reset(reset), .push(push), .pushed(pushed), .pop(ends), .valid(valid), .head(head), .full(full)
    );
    assign {covers, cycles, number, of_class} = head;

    always_comb begin
        started_number = 16'd0;
        for (int i = 0; i < CLASSES; i = i + 1)
            if (of_class == i[3:0]) started_number = started[i*16+:16];
    end
    assign begins = running && valid && !serves && started_number >= number;
    assign ends = begins ? cycles == 16'd1 : serves && left == 16'd1;

    logic [CLASSES*16-1:0] served_before;
    always_comb begin
        served = served_before;
        for (int i = 0; i < CLASSES; i = i + 1)
            if (ends && of_class == i[3:0]) served[i*16+:16] = covers;
    end
    always_ff @(posedge clk) begin
        if (reset) begin
            serves <= 1'b0;
            left <= 16'd0;
            served_before <= {CLASSES{16'hFFFF}};
        end else begin
            served_before <= served;
            for (int i = 0; i < CLASSES; i = i + 1)
                if (preset && preset_class == i[3:0]) served_before[i*16+:16] <= preset_covers;
            serves <= (begins || serves) && !ends;
            left <= (begins ? cycles : left) - 16'd1;
        end
    end
endmodule
