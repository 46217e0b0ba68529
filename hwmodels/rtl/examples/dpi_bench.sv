// The stochastic rounding unit beside the emulator, called through DPI-C for each vector: no vector file in between.
// +vectors=N: how many (default 100000). +fault=N: turns a bit of what is expected of vector N, to see that the bench notices.
module dpi_bench;
    import "DPI-C" function int zeroth_cast(
        input int unsigned code, input int from, input int to, input int rounding, input int random_bits,
        input int unsigned random, input int overflow, input int flush, output int unsigned result,
        output int unsigned flags);

    logic [31:0] a, random, code;
    logic [3:0] format, rounding;
    logic [5:0] random_bits;
    logic [1:0] overflow;
    logic flush_inputs, flush_outputs;
    logic [4:0] flags;

    float_cast unit (.*);

    int vectors = 100000, fault = -1, wrong = 0, status;
    int unsigned expected, expected_flags, picked;

    // A number about the range of the formats, or any 32 bits.
    function automatic logic [31:0] operand();
        logic [31:0] bits = $urandom;
        if ($urandom % 4 == 0) return bits;
        return {bits[31], 8'(32'd127 + $urandom % 48 - 32'd32), bits[22:0]};
    endfunction

    initial begin
        void'($value$plusargs("vectors=%d", vectors));
        void'($value$plusargs("fault=%d", fault));
        for (int index = 0; index < vectors; index++) begin
            a = operand();
            random = $urandom;
            picked = $urandom;
            format = 4'(picked[7:0] % 11);
            rounding = 4'(picked[15:8] % 9);
            random_bits = 6'(1 + picked[23:16] % 32);
            overflow = 2'(picked[31:24] % 3);
            {flush_inputs, flush_outputs} = $urandom % 8 < 6 ? 2'b00 : 2'($urandom);
            #1;
            status = zeroth_cast(
                a, 9, 32'(format), 32'(rounding), 32'(random_bits), random, 32'(overflow),
                {30'b0, flush_outputs, flush_inputs}, expected, expected_flags);
            if (index == fault) expected[0] = !expected[0];
            if (status != 0 || code != expected || flags != expected_flags[4:0]) begin
                wrong++;
                if (wrong <= 3)
                    $display("vector %0d: a %h format %0d rounding %0d random %h: unit %h %h, emulator %h %h (status %0d)",
                             index, a, format, rounding, random, code, flags, expected, expected_flags, status);
            end
        end
        $display("%0d vectors through DPI-C, %0d differ", vectors, wrong);
        if (wrong != 0) $fatal(1, "the unit and the emulator differ");
        $finish;
    end
endmodule
