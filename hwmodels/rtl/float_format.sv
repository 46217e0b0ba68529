// The descriptors of the floating-point formats (docs/semantics.md, section 2), as a table.
//
// format            the pin encoding that all units share: 0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2,
//                   7 bf16, 8 fp16, 9 fp32, 10 e8m0. Other values read as fp32.
// fraction_bits     M
// minimum_exponent  exponent of the smallest normal number, plus 127: the exponent field it has in FP32. e8m0's is 0,
//                   since its smallest number is 2^-127, a subnormal one in FP32.
// magnitude_mask    the code's bits but for its sign
// sign_place        the sign's bit; 0 for e8m0
// largest           magnitude code of the largest finite number
// infinity          magnitude code of infinity, 0 where there is none
// nan               the canonical NaN, 0 where there is none
// is_scale          e8m0: no sign, no zero, no subnormal numbers
//
// Combinational.
module float_format (
    input  logic [3:0]  format,
    output logic [4:0]  fraction_bits,
    output logic [7:0]  minimum_exponent,
    output logic [31:0] magnitude_mask,
    output logic [31:0] sign_place,
    output logic [31:0] largest,
    output logic [31:0] infinity,
    output logic [31:0] nan,
    output logic        has_infinity,
    output logic        has_nan,
    output logic        is_scale
);
    always_comb begin
        case (format)
            4'd0: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd3, 8'd121, 32'h7e, 32'h0, 32'h7f};
            4'd1: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd2, 8'd113, 32'h7b, 32'h7c, 32'h7e};
            4'd2: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd4, 8'd125, 32'h6f, 32'h70, 32'h78};
            4'd3: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd3, 8'd121, 32'h77, 32'h78, 32'h7c};
            4'd4: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd1, 8'd127, 32'h7, 32'h0, 32'h0};
            4'd5: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd3, 8'd127, 32'h1f, 32'h0, 32'h0};
            4'd6: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd2, 8'd125, 32'h1f, 32'h0, 32'h0};
            4'd7: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd7, 8'd1, 32'h7f7f, 32'h7f80, 32'h7fc0};
            4'd8: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd10, 8'd113, 32'h7bff, 32'h7c00, 32'h7e00};
            4'd10: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd0, 8'd0, 32'hfe, 32'h0, 32'hff};
            default: {fraction_bits, minimum_exponent, largest, infinity, nan} =
                {5'd23, 8'd1, 32'h7f7fffff, 32'h7f800000, 32'h7fc00000};
        endcase
    end

    always_comb begin
        case (format)
            4'd0, 4'd1, 4'd2, 4'd3: sign_place = 32'h80;
            4'd4: sign_place = 32'h8;
            4'd5, 4'd6: sign_place = 32'h20;
            4'd7, 4'd8: sign_place = 32'h8000;
            4'd10: sign_place = 32'h0;
            default: sign_place = 32'h80000000;
        endcase
    end

    assign is_scale = format == 4'd10;
    assign magnitude_mask = is_scale ? 32'hff : sign_place - 32'd1;
    assign has_infinity = infinity != 32'd0;
    assign has_nan = nan != 32'd0;
endmodule
