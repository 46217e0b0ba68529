// accumulator_column: the accumulator memory below one column of the array (semantics 11, "Accumulator memory").
//
//   blocked            words collect blocks; else (re-entry) a sum replaces its word and comes back from the top
//   take               the sum that stands in the last row's register belongs to word take_address; the word is
//                      written at the end of this beat
//   take_first         take belongs to the first fold: a block is added to 0, not to the word
//   enter              word enter_address enters the column from the top (re-entry); else 0 does. A word that is
//                      taken in this very beat enters as it is taken
//   idle               no command runs: result is word result_address, combinationally
//   read_address, read READS further ports, of WORD_BITS each: words as they will be at the end of this beat
//
// sum_in, result and read are combinational, a word is written in one cycle. One read and one write port: re-entry reads
// what enters, `blocked` reads what is added to, an idle column reads results, and never two of them in one beat; and
// READS more read ports for who reads results while a command runs.
module accumulator_column #(
    parameter KIND = 0,
    parameter DEPTH = 256,
    parameter READS = 0,
    parameter SUM_BITS = KIND == 4 ? 88 : 32,
    parameter ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1,
    parameter PORTS = READS > 0 ? READS : 1
) (
    input  logic                    clk,
    input  logic                    blocked,
    input  logic [7:0]              settings,
    input  logic                    enter,
    input  logic [ADDRESS_BITS-1:0] enter_address,
    input  logic                    take,
    input  logic                    take_first,
    input  logic [ADDRESS_BITS-1:0] take_address,
    input  logic [SUM_BITS-1:0]     sum,
    output logic [SUM_BITS-1:0]     sum_in,
    input  logic                    idle,
    input  logic [ADDRESS_BITS-1:0] result_address,
    output logic [SUM_BITS-1:0]     result,
    input  logic [PORTS*ADDRESS_BITS-1:0] read_address,
    output logic [PORTS*SUM_BITS-1:0]     read
);
    generate
        if (DEPTH < 1 || DEPTH > 65536 || KIND < 0 || KIND > 4) begin : refused
`ifdef __ICARUS__
            DEPTH_1_to_65536_KIND_0_to_4 out_of_range ();
`else
            $error("accumulator_column: DEPTH must be 1 to 65536, KIND 0 to 4");
`endif
        end
    endgenerate

    logic [SUM_BITS-1:0] words [0:DEPTH-1];
    logic [ADDRESS_BITS-1:0] word_address;
    logic [SUM_BITS-1:0] word, base, added, taken;

    assign word_address = idle ? result_address : blocked ? take_address : enter_address;
    assign word = words[word_address];
    assign result = word;

    assign base = take_first ? {SUM_BITS{1'b0}} : word;
    assign taken = blocked ? added : sum;
    always_ff @(posedge clk) if (take) words[take_address] <= taken;

    always_comb begin
        if (!enter) sum_in = 0;
        else if (take && take_address == enter_address) sum_in = sum;
        else sum_in = word;
    end

    genvar i;
    generate
        if (READS == 0) begin : no_reads
            /* verilator lint_off UNUSED */
            logic unused_reads;
            assign unused_reads = ^read_address;
            /* verilator lint_on UNUSED */
            assign read = 0;
        end
        for (i = 0; i < READS; i = i + 1) begin : port
            logic [ADDRESS_BITS-1:0] address;
            assign address = read_address[i*ADDRESS_BITS+:ADDRESS_BITS];
            assign read[i*SUM_BITS+:SUM_BITS] = take && take_address == address ? taken : words[address];
        end
        if (KIND == 0) begin : integer_kind
            logic unused_overflowed;
            add_integer adder (
                .a(base), .b(sum), .settings(settings), .sum(added), .overflowed(unused_overflowed)
            );
        end else if (KIND == 4) begin : exact_kind
            add_exact adder (.a(base), .b(sum), .sum(added));
        end else begin : fp32_kind
            logic [4:0] unused_flags;
            fp32_adder adder (.a(base), .b(sum), .rounding(4'd0), .result(added), .flags(unused_flags));
        end
        if (KIND != 0) begin : without_settings
            /* verilator lint_off UNUSED */
            logic unused;
            assign unused = ^settings;  // only integer additions have any
            /* verilator lint_on UNUSED */
        end
    endgenerate
endmodule
