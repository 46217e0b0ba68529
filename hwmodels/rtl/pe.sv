// pe: a processing element of the systolic array (semantics 11, "Registers of a PE"). One beat is one clock cycle: the
// registers take the values of section 11's table at the end of the beat whose inputs decide them.
//
//   output_stationary  the dataflow, constant during a command; weight- and input-stationary are one here
//   a_format, b_format, settings  of the mac: a is the operand that moves right, b the one from above
//   shift_enable, fill  seen by all PEs of a column in the same beat
//   *_in               from the left neighbour (a, valid, first, last), the upper one (shift, sum, insert) or the edge
//   a … insert_late    registers that the right and the lower neighbour see
//
// KIND 0 integer, 1 sequential (LANES 1), 2 grouped, 3 aligned, 4 exact (sums of 88 bits, else 32). SUM_BITS is
// derived. Latency one cycle.
module pe #(
    parameter LANES = 1,
    parameter KIND = 0,
    parameter SUM_BITS = KIND == 4 ? 88 : 32
) (
    input  logic                clk,
    input  logic                reset,
    input  logic                output_stationary,
    input  logic [3:0]          a_format,
    input  logic [3:0]          b_format,
    input  logic [7:0]          settings,
    input  logic                shift_enable,
    input  logic                fill,
    input  logic [8*LANES-1:0]  a_in,
    input  logic                valid_in,
    input  logic                first_in,
    input  logic                last_in,
    input  logic [8*LANES-1:0]  shift_in,
    input  logic [SUM_BITS-1:0] sum_in,
    input  logic                insert_in,
    output logic [8*LANES-1:0]  a,
    output logic                valid,
    output logic                first,
    output logic                last,
    output logic [8*LANES-1:0]  shift,
    output logic [SUM_BITS-1:0] sum,
    output logic                insert_late
);
    generate
        if (KIND < 0 || KIND > 4 || LANES < 1 || LANES > 1024 || SUM_BITS != (KIND == 4 ? 88 : 32)) begin : refused
`ifdef __ICARUS__
            KIND_0_to_4_LANES_1_to_1024_SUM_BITS_derived out_of_range ();
`else
            $error("pe: KIND must be 0 to 4, LANES 1 to 1024, SUM_BITS is derived");
`endif
        end
    endgenerate

    logic [8*LANES-1:0] waiting, active;
    logic [SUM_BITS-1:0] accumulating, held;
    logic insert_early;

    // One mac serves all dataflows; what they differ in is where its weight and its sum so far come from.
    logic [8*LANES-1:0] weight;
    logic [SUM_BITS-1:0] sum_so_far, next_sum;
    always_comb begin
        if (output_stationary) begin
            weight = shift_in;
            sum_so_far = first_in ? {SUM_BITS{1'b0}} : accumulating;
        end else begin
            weight = first_in ? waiting : active;
            sum_so_far = sum_in;
        end
    end

    generate
        if (KIND == 0) begin : integer_kind
            mac_integer #(.LANES(LANES)) mac (
                .a(a_in), .b(weight), .a_format(a_format), .b_format(b_format), .settings(settings), .c(sum_so_far),
                .sum(next_sum)
            );
        end else if (KIND == 1) begin : sequential_kind
            mac_sequential #(.LANES(LANES)) mac (
                .a(a_in), .b(weight), .a_format(a_format), .b_format(b_format), .settings(settings), .c(sum_so_far),
                .sum(next_sum)
            );
        end else if (KIND == 2) begin : grouped_kind
            mac_grouped #(.LANES(LANES)) mac (
                .a(a_in), .b(weight), .a_format(a_format), .b_format(b_format), .settings(settings), .c(sum_so_far),
                .sum(next_sum)
            );
        end else if (KIND == 3) begin : aligned_kind
            mac_aligned #(.LANES(LANES)) mac (
                .a(a_in), .b(weight), .a_format(a_format), .b_format(b_format), .settings(settings), .c(sum_so_far),
                .sum(next_sum)
            );
        end else begin : exact_kind
            mac_exact #(.LANES(LANES)) mac (
                .a(a_in), .b(weight), .a_format(a_format), .b_format(b_format), .settings(settings), .c(sum_so_far),
                .sum(next_sum)
            );
        end
    endgenerate

    always_ff @(posedge clk) begin
        if (reset) begin
            a <= 0;
            {valid, first, last} <= 3'b0;
            shift <= 0;
            waiting <= 0;
            active <= 0;
            accumulating <= 0;
            held <= 0;
            sum <= 0;
            {insert_early, insert_late} <= 2'b0;
        end else begin
            a <= a_in;
            {valid, first, last} <= {valid_in, first_in, last_in};
            {insert_early, insert_late} <= {insert_in, insert_early};
            if (output_stationary) begin
                shift <= shift_in;
                if (valid_in) accumulating <= next_sum;
                // held keeps the finished sum until its turn to leave, while the next fold accumulates.
                if (valid_in && last_in) held <= next_sum;
                sum <= insert_in ? held : sum_in;
            end else begin
                if (shift_enable) shift <= shift_in;
                if (fill) waiting <= shift_in;
                if (valid_in && first_in) active <= waiting;
                sum <= valid_in ? next_sum : sum_in;
            end
        end
    end
endmodule
