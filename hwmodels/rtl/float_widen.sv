// The FP32 number that equals a code of a floating-point format (docs/semantics.md, section 2): exact, since FP32 holds
// every number of the formats here. NaNs become 0x7FC00000.
//
// code     in the low bits; bits above the format's width are ignored
// format   0 e4m3, 1 e5m2, 2 e3m4, 3 e4m3ieee, 4 e2m1, 5 e2m3, 6 e3m2, 7 bf16, 8 fp16, 9 fp32, 10 e8m0
// flags    16 invalid for a signaling NaN, otherwise 0
//
// Combinational.
module float_widen (
    input  logic [31:0] code,
    input  logic [3:0]  format,
    output logic [31:0] result,
    output logic [4:0]  flags
);
    logic [4:0]  fraction_bits;
    logic [7:0]  minimum_exponent;
    logic [31:0] magnitude_mask, sign_place, largest, infinity, nan_unused;
    logic        has_infinity, has_nan, is_scale;
    float_format descriptor (
        .format(format), .fraction_bits(fraction_bits), .minimum_exponent(minimum_exponent),
        .magnitude_mask(magnitude_mask), .sign_place(sign_place), .largest(largest), .infinity(infinity),
        .nan(nan_unused), .has_infinity(has_infinity), .has_nan(has_nan), .is_scale(is_scale)
    );

    logic        sign, infinite, nan, signaling;
    logic [31:0] magnitude;
    assign sign = (code & sign_place) != 32'd0;
    assign magnitude = code & magnitude_mask;
    assign infinite = has_infinity && magnitude == infinity;
    assign nan = has_nan && magnitude > (has_infinity ? infinity : largest);

    // The fields of the narrow code, where FP32 has them.
    logic [30:0] placed;
    logic [7:0]  field;
    logic [22:0] fraction;
    assign placed = magnitude[30:0] << (5'd23 - fraction_bits);
    assign field = placed[30:23];
    assign fraction = placed[22:0];
    assign signaling = has_infinity && nan && !fraction[22];

    // A subnormal number is normal in FP32, but for the formats with FP32's own exponents. At most ten fraction bits
    // (FP16) have to be searched.
    logic [3:0]  zeros;
    logic [7:0]  shift;
    logic [22:0] normalized;
    leading_zeros #(.WIDTH(10)) search (.value(fraction[22:13]), .count(zeros));
    assign shift = {4'd0, zeros} + 8'd1;
    assign normalized = fraction << shift;

    logic [30:0] number;
    always_comb begin
        if (is_scale) number = field == 8'd0 ? 31'h00400000 : {field, 23'd0};
        else if (field != 8'd0) number = {field + minimum_exponent - 8'd1, fraction};
        else if (fraction == 23'd0 || minimum_exponent == 8'd1) number = {8'd0, fraction};
        else number = {minimum_exponent - shift, normalized};
    end

    assign result = nan ? 32'h7fc00000 : {sign, infinite ? 31'h7f800000 : number};
    assign flags = {signaling, 4'd0};
endmodule
